/* gpu_sm: runs work-groups of a kernel as one multiprocessor of an NVIDIA GPU would. Commands are lines of standard
 * input, which tools/gpu_model/machine.py writes:
 *
 * - grid LX LY LZ GX GY GZ SHARED: sizes of groups, their number, bytes of shared memory
 * - bank NUMBER OFFSET HEX: of constants
 * - program COUNT: as many lines follow (program.c)
 * - time RESIDENT CACHE LATENCY BYTES_PER_CYCLE TENSOR_CYCLES GROUP...: prints a line of JSON
 * - stores GROUP: what a group writes, "address value" of each item, by the first 32 bits */
#include "sm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct session {
    program program;
    grid grid;
    uint64_t *groups;
    size_t count;
} session;

static bool read_bank(session *s, const char *line) {
    int bank, used;
    unsigned offset, byte;
    if (sscanf(line, "%d %u %n", &bank, &offset, &used) != 2 || bank < 0 || bank >= CONSTANT_BANKS) return false;
    for (const char *at = line + used; sscanf(at, "%2x", &byte) == 1 && offset < CONSTANT_BYTES; at += 2)
        s->program.constant[bank][offset++] = (uint8_t)byte;
    return true;
}

static bool read_grid(session *s, const char *line) {
    uint32_t *l = s->grid.local, *g = s->grid.groups;
    return sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNu32, &l[0],
                  &l[1], &l[2], &g[0], &g[1], &g[2], &s->grid.shared_bytes) == 7;
}

static bool read_groups(session *s, const char *line) {
    size_t words = 0;
    for (const char *at = line; *at; at++) words += *at == ' ';
    free(s->groups);
    s->groups = calloc(words + 1, sizeof *s->groups);
    s->count = 0;
    for (const char *at = line; s->groups && *at;) {
        char *end;
        const uint64_t number = strtoull(at, &end, 10);
        if (end == at) break;
        s->groups[s->count++] = number;
        at = end;
    }
    return s->count > 0;
}

static void print_array(const char *name, const uint64_t *values, int count) {
    printf(", \"%s\": [", name);
    for (int k = 0; k < count; k++) printf("%s%" PRIu64, k ? ", " : "", values[k]);
    printf("]");
}

static void print_result(const session *s, const sm_result *r) {
    static const char *const waits[] = {
#define SM_WAIT(NAME) #NAME,
        SM_WAITS(SM_WAIT)
#undef SM_WAIT
    };
    printf("{\"cycles\": %ld, \"issued\": %ld, \"load_store_cycles\": %ld, \"global_bytes\": %.0f, \"loaded_bytes\": "
           "%.0f, "
           "\"stored_bytes\": %.0f, \"branches_on_data\": %" PRIu64 ", \"waits\": {",
           r->cycles, r->issued, r->shared_cycles, r->global_bytes, r->loaded_bytes, r->stored_bytes,
           r->branches_on_data);
    for (int k = 0; k < SM_WAIT_COUNT; k++) printf("%s\"%s\": %.0f", k ? ", " : "", waits[k], r->waits[k]);
    printf("}");
    print_array("issues", r->issues, s->program.count);
    print_array("items", r->items, s->program.count);
    print_array("spans", r->spans, (int)s->count);
    printf("}\n");
}

static bool run_time(session *s, const char *line) {
    sm_request q = {.program = &s->program, .grid = s->grid};
    sm_result r = {0};
    int used;
    if (sscanf(line, "%" SCNu32 " %" SCNu32 " %lf %lf %d%n", &q.resident, &q.cache_bytes, &q.latency,
               &q.bytes_per_cycle, &q.tensor_cycles, &used) != 5 ||
        !read_groups(s, line + used))
        return false;
    q.groups = s->groups;
    q.count = s->count;
    r.issues = calloc((size_t)s->program.count + 1, sizeof *r.issues);
    r.items = calloc((size_t)s->program.count + 1, sizeof *r.items);
    r.spans = calloc(s->count, sizeof *r.spans);
    const bool good = r.issues && r.items && r.spans && sm_run(&q, &r);
    if (good) print_result(s, &r);
    free(r.issues);
    free(r.items);
    free(r.spans);
    return good;
}

static void print_store(const warp *w, const uint32_t *values) {
    for (int lane = 0; lane < LANES; lane++)
        if (w->access.active >> lane & 1) printf("%" PRIu64 " %" PRIu32 "\n", w->access.address[lane], values[lane]);
}

/* Warp by warp: only for kernels whose items have nothing to do with each other. */
static bool run_stores(session *s, const char *line) {
    const uint32_t items = s->grid.local[0] * s->grid.local[1] * s->grid.local[2];
    warp *w = calloc(1, sizeof *w);
    group g = {.bytes = 0};
    if (!w || !read_groups(s, line)) {
        free(w);
        return false;
    }
    g.id[0] = (uint32_t)(s->groups[0] % s->grid.groups[0]);
    w->on_store = print_store;
    for (uint32_t first = 0; first < items; first += LANES) {
        warp_start(w, &s->program, &s->grid, &g, first);
        while (warp_step(w) >= 0) {}
    }
    printf("end\n");
    free(w);
    return true;
}

static bool run_line(session *s, const char *line) {
    int count;
    if (strncmp(line, "grid ", 5) == 0) return read_grid(s, line + 5);
    if (strncmp(line, "bank ", 5) == 0) return read_bank(s, line + 5);
    if (strncmp(line, "time ", 5) == 0) return run_time(s, line + 5);
    if (strncmp(line, "stores ", 7) == 0) return run_stores(s, line + 7);
    return sscanf(line, "program %d", &count) == 1 && count > 0 && program_read(&s->program, count);
}

int main(void) {
    session *s = calloc(1, sizeof *s);
    char *line = NULL;
    size_t size = 0;
    bool good = s != NULL;
    while (good && getline(&line, &size, stdin) > 0) {
        good = run_line(s, line);
        if (!good) fprintf(stderr, "gpu_sm: not understood, or no memory for it: %.60s\n", line);
        fflush(stdout);
    }
    if (s) {
        program_release(&s->program);
        free(s->groups);
    }
    free(line);
    free(s);
    return good ? 0 : 1;
}
