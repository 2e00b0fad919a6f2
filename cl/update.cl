/* A step of an optimiser (optimisers.def) for every parameter. -DOPTIMISER_NUMBER -DSTATES. */
#include "formula.cl"

#define T FLOATS(VEC)
inline T update_step(T p, T g, T *state0, T *state1, float r0, float r1, float r2, float r3, float r4, float r5,
                     float r6, float r7) {
    T s0 = *state0, s1 = *state1;
    int number = 0;
#define OPTIMISER(stem, name0, name1, flops, rates, step) if (number++ == OPTIMISER_NUMBER) step
#include "optimisers.def"
#undef OPTIMISER
    *state0 = s0;
    *state1 = s1;
    return p;
}

ELEMENTWISE void update(__global float *p, ulong p_offset, __global const float *g, ulong g_offset,
                        __global float *state0, ulong state0_offset, __global float *state1, ulong state1_offset,
                        uint count, float r0, float r1, float r2, float r3, float r4, float r5, float r6, float r7) {
    p += p_offset;
    g += g_offset;
    state0 += state0_offset;
    state1 += state1_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            T s0 = 0.0f, s1 = 0.0f;
            if (STATES > 0) s0 = AT(state0, e);
            if (STATES > 1) s1 = AT(state1, e);
            AT(p, e) = update_step(AT(p, e), CONST_AT(g, e), &s0, &s1, r0, r1, r2, r3, r4, r5, r6, r7);
            if (STATES > 0) AT(state0, e) = s0;
            if (STATES > 1) AT(state1, e) = s1;
        } else {
            for (uint t = e; t < count; ++t) {
                T s0 = 0.0f, s1 = 0.0f;
                if (STATES > 0) s0 = state0[t];
                if (STATES > 1) s1 = state1[t];
                p[t] = LANE(update_step((T)(p[t]), (T)(g[t]), &s0, &s1, r0, r1, r2, r3, r4, r5, r6, r7));
                if (STATES > 0) state0[t] = LANE(s0);
                if (STATES > 1) state1[t] = LANE(s1);
            }
        }
    }
}
