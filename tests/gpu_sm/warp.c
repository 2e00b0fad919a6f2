/* The control flow of a warp: lanes that part at branches, and meet again at barriers of their own. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

void warp_start(warp *w, const program *program, const grid *grid, group *group, uint32_t first_item) {
    const uint32_t items = grid->local[0] * grid->local[1] * grid->local[2], left = items - first_item;
    uint8_t(*const local)[LOCAL_BYTES] = w->local;
    void (*const on_store)(const struct warp *, const uint32_t *) = w->on_store;
    memset(w, 0, sizeof *w);
    w->program = program;
    w->grid = grid;
    w->group = group;
    w->first_item = first_item;
    w->local = local;
    w->on_store = on_store;
    w->predicates[PREDICATES - 1] = w->uniform_predicates[PREDICATES - 1] = UINT32_MAX;
    w->alive = w->running = left >= LANES ? UINT32_MAX : ((uint32_t)1 << left) - 1;
}

static uint32_t lanes_at(const warp *w, uint32_t lanes, int place) {
    uint32_t there = 0;
    for (int lane = 0; lane < LANES; lane++)
        if (lanes >> lane & 1 && w->place[lane] == place) there |= (uint32_t)1 << lane;
    return there;
}

/* Goes on with those that are ready and furthest behind. */
static void choose(warp *w) {
    int least = -1;
    if (w->running) return;
    for (int lane = 0; lane < LANES; lane++)
        if (w->ready >> lane & 1 && (least < 0 || w->place[lane] < least)) least = w->place[lane];
    if (least < 0) return;
    w->running = lanes_at(w, w->ready, least);
    w->ready &= ~w->running;
    w->at = least;
}

static void park(warp *w, uint32_t lanes, int place) {
    for (int lane = 0; lane < LANES; lane++)
        if (lanes >> lane & 1) w->place[lane] = place;
}

/* Those who wait for a barrier go on when nobody is missing. */
static void release(warp *w, int barrier) {
    uint32_t here = 0;
    for (int lane = 0; lane < LANES; lane++)
        if (w->waiting >> lane & 1 && w->waits_for[lane] == barrier) here |= (uint32_t)1 << lane;
    if (!here || (w->barriers[barrier] & w->alive & ~here)) return;
    w->waiting &= ~here;
    w->ready |= here;
}

void warp_branch(warp *w, uint32_t taken, int target) {
    const uint32_t rest = w->running & ~taken;
    if (!taken) return;
    if (!rest) {
        w->at = target - 1; /* warp_step goes on from here */
        return;
    }
    park(w, taken, target);
    w->ready |= taken;
    w->running = rest;
}

void warp_exit(warp *w, uint32_t lanes) {
    w->alive &= ~lanes;
    w->running &= ~lanes;
    for (int b = 0; b < BARRIERS; b++) release(w, b);
}

void warp_wait(warp *w, uint32_t lanes, int barrier) {
    w->running &= ~lanes;
    w->waiting |= lanes;
    park(w, lanes, w->at + 1);
    for (int lane = 0; lane < LANES; lane++)
        if (lanes >> lane & 1) w->waits_for[lane] = barrier;
    release(w, barrier);
}

void warp_leave(warp *w, uint32_t lanes, int barrier) {
    w->barriers[barrier] &= ~lanes;
    release(w, barrier);
}

uint32_t warp_guarded(const warp *w, const instruction *i) {
    const uint32_t guard = i->guard_is_uniform ? w->uniform_predicates[i->guard] : w->predicates[i->guard];
    return w->running & (i->guard_is_negative ? ~guard : guard);
}

uint32_t warp_guard_is_data(const warp *w, const instruction *i) {
    return i->guard_is_uniform ? w->uniform_predicate_is_data[i->guard] : w->predicate_is_data[i->guard];
}

int warp_step(warp *w) {
    const int at = warp_next(w);
    if (at < 0) return -1;
    const instruction *i = &w->program->instructions[at];
    w->access.active = 0;
    i->execute(w, i, warp_guarded(w, i));
    w->at++;
    choose(w);
    /* Lanes that wait for each other cannot be, unless the program is not understood: all go on. */
    if (w->alive && !w->running) {
        w->ready |= w->waiting;
        w->waiting = 0;
        choose(w);
    }
    return at;
}
