/* Dropout, with the counter {element / 4, step, stream, purpose} and the seed as key (src/ops/dropout.h). VEC is a multiple
 * of 4. */
#include "philox.cl"

ELEMENTWISE void dropout(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint count,
                         uint seed_low, uint seed_high, uint number, uint stream, uint purpose, uint threshold,
                         float scale) {
    x += x_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT)
        for (uint i = e; i < min(e + VEC, count); i += 4) {
            const uint4 bits = random_words((uint4)(i / 4, number, stream, purpose), (uint2)(seed_low, seed_high));
            if (i + 4 <= count) {
                vstore4(bits < threshold ? (float4)(0.0f) : scale * vload4(0, x + i), 0, y + i);
            } else {
                uint words[4];
                vstore4(bits, 0, words);
                for (uint t = i; t < count; ++t) y[t] = words[t - i] < threshold ? 0.0f : scale * x[t];
            }
        }
}
