/* The time that a multiprocessor takes for work-groups: four schedulers that issue an instruction of a warp in each
 * cycle, in order, by the stalls and scoreboards that the assembler wrote into it; pipes, shared memory, a cache, and
 * the way to the next one. */
#ifndef CLAE_TESTS_GPU_SM_SM_H
#define CLAE_TESTS_GPU_SM_SM_H

#include "machine.h"

/* What a warp waits for. */
#define SM_WAITS(X) X(stall) X(pipe) X(shared) X(global) X(other) X(barrier)
typedef enum sm_wait {
#define SM_WAIT(NAME) SM_WAIT_##NAME,
    SM_WAITS(SM_WAIT) SM_WAIT_COUNT
#undef SM_WAIT
} sm_wait;

typedef struct sm_request {
    const program *program;
    grid grid;
    uint32_t resident;      /* groups at a time, at most */
    uint32_t cache_bytes;   /* beside shared memory */
    double latency;         /* of global memory, cycles */
    double bytes_per_cycle; /* from there */
    int tensor_cycles;
    const uint64_t *groups; /* numbers within the grid, in their order */
    size_t count;
} sm_request;

typedef struct sm_result {
    long cycles, issued;
    long pipe_busy[PIPE_DOUBLE + 1]; /* cycles of all schedulers' pipes */
    long shared_cycles;              /* of the unit of loads and stores */
    double global_bytes, loaded_bytes, stored_bytes;
    double waits[SM_WAIT_COUNT]; /* cycles of warps */
    uint64_t branches_on_data;
    uint64_t *issues; /* of each instruction of the program, by all warps */
    uint64_t *items;  /* the same by active lanes */
    uint64_t *spans;  /* cycles from beginning to end of each group */
} sm_result;

/* False without memory, or where the groups come to no end. The result's arrays are the caller's. */
bool sm_run(const sm_request *request, sm_result *result);

#endif
