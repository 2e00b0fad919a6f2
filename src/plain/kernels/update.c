/* A step of each optimiser (ops/optimisers.def); plain loops, which the compiler turns into vectors. */
#include "plain/kernels/functions.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

#define OPTIMISER(stem, state0, state1, flops, rates, step)                                                            \
    static void update_##stem(float *restrict ps, const float *restrict gs, float *restrict s0s, float *restrict s1s,  \
                              size_t count, const float *restrict r) {                                                 \
        const char *const names[] = {state0, state1};                                                                  \
        const float r0 = r[0], r1 = r[1], r2 = r[2], r3 = r[3], r4 = r[4], r5 = r[5], r6 = r[6], r7 = r[7];            \
        (void)r0, (void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)r6, (void)r7;                                \
        for (size_t i = 0; i < count; i++) {                                                                           \
            const float g = gs[i];                                                                                     \
            float p = ps[i], s0 = names[0] ? s0s[i] : 0, s1 = names[1] ? s1s[i] : 0;                                   \
            step ps[i] = p;                                                                                            \
            if (names[0]) s0s[i] = s0;                                                                                 \
            if (names[1]) s1s[i] = s1;                                                                                 \
        }                                                                                                              \
    }
#include "ops/optimisers.def"
#undef OPTIMISER

enum { BLOCK = 1024 }; /* of parameters, in the L1 cache */

/* Parameters are read by all threads. */
static void store_shared(float *to, const float *from, size_t count) {
    size_t i = 0;
    for (; i + WIDTH <= count; i += WIDTH) vector_stream_line(to + i, vector_load(from + i));
    memcpy(to + i, from + i, (count - i) * sizeof *to);
}

void PLAIN_NAME(plain_update)(optimiser_id optimiser, float *p, const float *g, float *const state[], size_t count,
                              const float *rates) {
    static void (*const updates[OPTIMISER_COUNT])(float *, const float *, float *, float *, size_t, const float *) = {
#define OPTIMISER(stem, state0, state1, flops, rates, step) [OPTIMISER_##stem] = update_##stem,
#include "ops/optimisers.def"
#undef OPTIMISER
    };
    if (!VECTOR_STREAMS) {
        updates[optimiser](p, g, state[0], state[1], count, rates);
        return;
    }
    float block[BLOCK];
    for (size_t first = 0, length; first < count; first += length) {
        length = count - first < BLOCK ? count - first : BLOCK;
        memcpy(block, p + first, length * sizeof *p);
        updates[optimiser](block, g + first, state[0] ? state[0] + first : NULL, state[1] ? state[1] + first : NULL,
                           length, rates);
        store_shared(p + first, block, length);
    }
}
