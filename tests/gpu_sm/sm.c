#include "sm.h"

#include "traffic.h"

#include <stdlib.h>
#include <string.h>

enum {
    SCHEDULERS = 4,
    NEVER_AT = 7,        /* no scoreboard */
    QUEUE = 24,          /* cycles of loads and stores that may wait */
    SHARED_LATENCY = 23, /* after its turn, which is 6 cycles after issue */
    CACHE_LATENCY = 32,
    READ_LATENCY = 12, /* until a store has its registers */
    BARRIER_LATENCY = 12,
    START_LATENCY = 100, /* of a group in the place of another */
    BRANCH_CYCLES = 7,   /* until the next instruction is there */
    SPECIAL_LATENCY = 24,
    MOVE_LATENCY = 25,
    RESERVED_BYTES = 1024, /* of shared memory, by the system */
};
#define FOREVER (1L << 60)
#define MOST_ISSUES 1000000000L /* what takes longer has no end: it was not understood */

typedef struct slot {
    warp *warp;
    int group; /* that it is of; -1: none */
    long next;
    long ready[SCOREBOARDS];
    sm_wait reason[SCOREBOARDS];
    bool at_barrier, is_done;
    long since; /* of its last instruction, or of the end of a barrier */
} slot;

typedef struct resident_group {
    group group;
    size_t number; /* among those of the request */
    long start;
    int arrived, done;
} resident_group;

typedef struct scheduler {
    long heavy, light, alu, load, special, tensor, uniform, dual;
    int last;
} scheduler;

typedef struct sm {
    const sm_request *request;
    sm_result *result;
    int warps, slot_count; /* of a group; in all */
    slot *slots;
    warp *memory;
    uint8_t (*stacks)[LANES][LOCAL_BYTES];
    resident_group *groups;
    scheduler schedulers[SCHEDULERS];
    cache cache;
    touched touched;
    long now, load_free;
    double far_free;
    size_t started, finished;
} sm;

static void place_group(const sm_request *r, uint64_t number, uint32_t id[3]) {
    id[0] = (uint32_t)(number % r->grid.groups[0]);
    id[1] = (uint32_t)(number / r->grid.groups[0] % r->grid.groups[1]);
    id[2] = (uint32_t)(number / r->grid.groups[0] / r->grid.groups[1]);
}

static void start_group(sm *m, int place, long when) {
    resident_group *g = &m->groups[place];
    g->number = m->started++;
    g->start = when;
    place_group(m->request, m->request->groups[g->number], g->group.id);
    g->arrived = g->done = 0;
    memset(g->group.shared, 0, g->group.bytes);
    memset(g->group.shared_is_data, 0, g->group.bytes / 4);
    for (int k = 0; k < m->warps; k++) {
        const int number = place * m->warps + k;
        slot *s = &m->slots[number];
        warp_start(&m->memory[number], m->request->program, &m->request->grid, &g->group, (uint32_t)(k * LANES));
        *s = (slot){.warp = &m->memory[number], .group = place, .next = when, .since = when};
    }
}

static long latest(long a, long b) {
    return a > b ? a : b;
}

static long least(long a, long b) {
    return a < b ? a : b;
}

/* When the pipe takes the next one. */
static long pipe_free(const sm *m, const scheduler *s, pipe pipe) {
    switch (pipe) {
    case PIPE_FMA:
        return least(s->heavy, s->light);
    case PIPE_IMAD:
        return s->heavy;
    case PIPE_ALU:
        return s->alu;
    case PIPE_SHARED:
    case PIPE_GLOBAL:
        return latest(s->load, m->load_free - QUEUE);
    case PIPE_SPECIAL:
        return s->special;
    case PIPE_TENSOR:
        return s->tensor;
    case PIPE_UNIFORM:
        return s->uniform;
    case PIPE_DOUBLE:
        return s->dual;
    case PIPE_CONTROL:
    case PIPE_BARRIER:
    case PIPE_BRANCH:
    case PIPE_MOVE:
        break;
    }
    return 0;
}

/* When a warp's next instruction has all that it needs, and what it waited for last until then. */
static long operands_at(const slot *s, const instruction *i, sm_wait *reason) {
    long ready = s->next;
    for (int b = 0; b < SCOREBOARDS; b++) {
        if (!(i->wait >> b & 1) || s->ready[b] <= ready) continue;
        ready = s->ready[b];
        *reason = s->reason[b];
    }
    return ready;
}

/* Loads and stores take their turn at one unit. When the last of its cycles is over. */
static long take_turn(sm *m, int cycles) {
    m->load_free = latest(m->now + 6, m->load_free) + cycles;
    m->result->shared_cycles += cycles;
    return m->load_free;
}

static long fetch(sm *m, int sectors) {
    const double bytes = sectors * (double)SECTOR_BYTES,
                 from = m->far_free > (double)m->now ? m->far_free : (double)m->now;
    m->far_free = from + bytes / m->request->bytes_per_cycle;
    m->result->global_bytes += bytes;
    return (long)m->far_free;
}

static long load_lines(sm *m, long turn) {
    long done = turn + CACHE_LATENCY;
    for (int k = 0; k < m->touched.count; k++) {
        long there = 0;
        const uint8_t missing = cache_missing(&m->cache, m->touched.line[k], m->touched.sectors[k], m->now, &there);
        m->result->loaded_bytes += SECTOR_BYTES * (double)__builtin_popcount(m->touched.sectors[k]);
        if (missing) {
            const long come = latest(fetch(m, __builtin_popcount(missing)), turn) + (long)m->request->latency;
            cache_expect(&m->cache, m->touched.line[k], missing, m->now, come);
            there = latest(there, come);
        }
        done = latest(done, there);
    }
    return done;
}

static void store_lines(sm *m) {
    for (int k = 0; k < m->touched.count; k++) {
        const int sectors = __builtin_popcount(m->touched.sectors[k]);
        m->result->stored_bytes += SECTOR_BYTES * (double)sectors;
        fetch(m, sectors);
    }
}

/* Global memory: when a load's values are there. */
static long access_global(sm *m, const access *a) {
    traffic_global(a, &m->touched);
    const int by_bytes = (int)(a->bytes * (uint32_t)__builtin_popcount(a->active) + LINE_BYTES - 1) / LINE_BYTES;
    const int cycles = m->touched.count > by_bytes ? m->touched.count : by_bytes;
    const long turn = take_turn(m, cycles ? cycles : 1);
    if (!a->is_store) return load_lines(m, turn);
    store_lines(m);
    return turn + READ_LATENCY;
}

/* Occupies the pipe, and says when the result is there. */
static long occupy(sm *m, scheduler *s, const instruction *i, const access *a, long *read) {
    const long now = m->now;
    *read = now + READ_LATENCY;
    switch (i->pipe) {
    case PIPE_FMA:
        if (s->light <= now)
            s->light = now + 2;
        else
            s->heavy = now + 2;
        return now + 5;
    case PIPE_IMAD:
        s->heavy = now + 2;
        return now + 5;
    case PIPE_ALU:
        s->alu = now + 2;
        return now + 6;
    case PIPE_SHARED:
        s->load = now + 2;
        *read = take_turn(m, a->active ? traffic_shared(a) : 1) + READ_LATENCY - 4;
        return m->load_free + SHARED_LATENCY - 1;
    case PIPE_GLOBAL: {
        s->load = now + 2;
        const long done = a->active ? access_global(m, a) : now + CACHE_LATENCY;
        *read = latest(now + READ_LATENCY, m->load_free + READ_LATENCY - 4);
        return done;
    }
    case PIPE_SPECIAL:
        s->special = now + 8;
        return now + SPECIAL_LATENCY;
    case PIPE_TENSOR:
        s->tensor = now + m->request->tensor_cycles;
        return now + m->request->tensor_cycles + 18;
    case PIPE_UNIFORM:
        s->uniform = now + 2;
        return now + 10;
    case PIPE_DOUBLE:
        s->dual = now + 2;
        return now + 8;
    case PIPE_MOVE:
        return now + MOVE_LATENCY;
    case PIPE_CONTROL:
    case PIPE_BARRIER:
    case PIPE_BRANCH:
        break;
    }
    return now + 14;
}

static sm_wait reason_of(pipe pipe) {
    return pipe == PIPE_SHARED ? SM_WAIT_shared : pipe == PIPE_GLOBAL ? SM_WAIT_global : SM_WAIT_other;
}

static void set_scoreboard(slot *s, int number, long when, sm_wait reason) {
    if (number >= SCOREBOARDS || when <= s->ready[number]) return;
    s->ready[number] = when;
    s->reason[number] = reason;
}

/* All warps of a group that are not at their end go on together. */
static void pass_barrier(sm *m, int place) {
    resident_group *g = &m->groups[place];
    if (g->arrived + g->done < m->warps || !g->arrived) return;
    g->arrived = 0;
    for (int k = 0; k < m->warps; k++) {
        slot *s = &m->slots[place * m->warps + k];
        if (!s->at_barrier) continue;
        s->at_barrier = false;
        m->result->waits[SM_WAIT_barrier] += (double)(m->now + BARRIER_LATENCY - s->since);
        s->next = s->since = latest(s->next, m->now + BARRIER_LATENCY);
    }
}

static void end_warp(sm *m, slot *s) {
    resident_group *g = &m->groups[s->group];
    const int place = s->group;
    s->is_done = true;
    g->done++;
    if (g->done < m->warps) {
        pass_barrier(m, place);
        return;
    }
    m->finished++;
    m->result->spans[g->number] = (uint64_t)(m->now - g->start);
    if (m->started < m->request->count) start_group(m, place, m->now + START_LATENCY);
}

static void count_waits(sm *m, const slot *s, const instruction *i) {
    sm_wait reason = SM_WAIT_stall;
    const long ready = operands_at(s, i, &reason);
    m->result->waits[SM_WAIT_stall] += (double)(s->next - s->since);
    m->result->waits[reason] += (double)(ready - s->next);
    m->result->waits[SM_WAIT_pipe] += (double)(m->now - ready);
}

static void count_issue(sm *m, slot *s, const instruction *i, uint32_t active) {
    const int number = (int)(i - m->request->program->instructions);
    sm_result *r = m->result;
    r->issued++;
    r->pipe_busy[i->pipe]++;
    r->issues[number]++;
    r->items[number] += (uint64_t)__builtin_popcount(active);
    count_waits(m, s, i);
    const bool steers = i->pipe == PIPE_BRANCH || strcmp(i->name, "EXIT") == 0;
    if (steers && warp_guard_is_data(s->warp, i) & s->warp->running) r->branches_on_data++;
}

static void issue(sm *m, scheduler *scheduler, slot *s, const instruction *i) {
    const uint32_t active = warp_guarded(s->warp, i);
    long read;
    count_issue(m, s, i, active);
    warp_step(s->warp);
    const long done = occupy(m, scheduler, i, &s->warp->access, &read);
    s->since = m->now;
    s->next = m->now + (i->stall > 1 ? i->stall : 1) + (i->pipe == PIPE_BRANCH && active ? BRANCH_CYCLES : 0);
    set_scoreboard(s, i->write, done, reason_of(i->pipe));
    set_scoreboard(s, i->read, read, reason_of(i->pipe));
    if (i->pipe == PIPE_BARRIER && active) {
        s->at_barrier = true;
        m->groups[s->group].arrived++;
        pass_barrier(m, s->group);
    }
    if (warp_next(s->warp) < 0) end_warp(m, s);
}

/* The warp that was last, as long as it can; otherwise the first one that can. When the next one could, if none can. */
static long schedule(sm *m, int number) {
    scheduler *scheduler = &m->schedulers[number];
    const int count = (m->slot_count - number + SCHEDULERS - 1) / SCHEDULERS;
    long soonest = FOREVER;
    for (int k = 0; k < count; k++) {
        const int which = k == 0 ? scheduler->last : k <= scheduler->last ? k - 1 : k;
        if (which >= count) continue;
        slot *s = &m->slots[which * SCHEDULERS + number];
        if (s->group < 0 || s->is_done || s->at_barrier) continue;
        if (s->next > m->now && s->next >= soonest) continue;
        const instruction *i = &m->request->program->instructions[warp_next(s->warp)];
        sm_wait reason;
        const long ready = latest(operands_at(s, i, &reason), pipe_free(m, scheduler, i->pipe));
        if (ready <= m->now) {
            scheduler->last = which;
            issue(m, scheduler, s, i);
            return m->now;
        }
        soonest = least(soonest, ready);
    }
    return soonest;
}

static void run(sm *m) {
    while (m->finished < m->request->count && m->result->issued < MOST_ISSUES) {
        long soonest = FOREVER;
        for (int k = 0; k < SCHEDULERS; k++) soonest = least(soonest, schedule(m, k));
        if (soonest == FOREVER) break;
        m->now = soonest > m->now ? soonest : m->now + 1;
    }
    m->result->cycles = latest(m->now, (long)m->far_free); /* what was stored has to arrive, too */
}

static bool make_groups(sm *m, int count) {
    const uint32_t bytes = (m->request->grid.shared_bytes + RESERVED_BYTES + 15) / 16 * 16;
    m->groups = calloc((size_t)count, sizeof *m->groups);
    for (int k = 0; k < count && m->groups; k++) {
        group *g = &m->groups[k].group;
        g->bytes = bytes;
        g->shared = calloc(1, bytes);
        g->shared_is_data = calloc(bytes / 4, sizeof *g->shared_is_data);
        if (!g->shared || !g->shared_is_data) return false;
    }
    return m->groups != NULL;
}

static bool make(sm *m) {
    const uint32_t *local = m->request->grid.local;
    const size_t most = m->request->resident < m->request->count ? m->request->resident : m->request->count;
    m->warps = (int)((local[0] * local[1] * local[2] + LANES - 1) / LANES);
    m->slot_count = m->warps * (int)most;
    m->slots = calloc((size_t)m->slot_count, sizeof *m->slots);
    m->memory = calloc((size_t)m->slot_count, sizeof *m->memory);
    m->stacks = calloc((size_t)m->slot_count, sizeof *m->stacks);
    if (!m->slots || !m->memory || !m->stacks || !make_groups(m, (int)most)) return false;
    for (int k = 0; k < m->slot_count; k++) m->memory[k].local = m->stacks[k];
    for (int k = 0; k < (int)most; k++) start_group(m, k, 0);
    return cache_create(&m->cache, m->request->cache_bytes);
}

static void release(sm *m) {
    const int count = m->warps ? m->slot_count / m->warps : 0;
    for (int k = 0; k < count && m->groups; k++) {
        free(m->groups[k].group.shared);
        free(m->groups[k].group.shared_is_data);
    }
    free(m->groups);
    free(m->slots);
    free(m->memory);
    free(m->stacks);
    cache_release(&m->cache);
}

bool sm_run(const sm_request *request, sm_result *result) {
    sm m = {.request = request, .result = result};
    bool good = make(&m);
    if (good) run(&m);
    good = good && m.finished == request->count;
    release(&m);
    return good;
}
