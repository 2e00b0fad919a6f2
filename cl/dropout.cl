/* Dropout, with the counter {element of the step / 4, step, stream, purpose} and the seed as key (src/ops/dropout.h). VEC is
 * a multiple of 4. */
#include "philox.cl"

/* Four from the counter on, of which the first ones are passed over. */
inline uint4 random_words_from(uint4 counter, uint2 key, uint unused) {
    const uint4 a = random_words(counter, key);
    if (unused == 0) return a;
    counter.x += 1;
    const uint4 b = random_words(counter, key);
    if (unused == 1) return (uint4)(a.y, a.z, a.w, b.x);
    if (unused == 2) return (uint4)(a.z, a.w, b.x, b.y);
    return (uint4)(a.w, b.x, b.y, b.z);
}

ELEMENTWISE void dropout(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint count,
                         uint seed_low, uint seed_high, uint first, uint unused, uint number, uint stream, uint purpose,
                         uint threshold, float scale) {
    x += x_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT)
        for (uint i = e; i < min(e + VEC, count); i += 4) {
            const uint4 counter = (uint4)(first + i / 4, number, stream, purpose);
            const uint4 bits = random_words_from(counter, (uint2)(seed_low, seed_high), unused);
            if (i + 4 <= count) {
                vstore4(bits < threshold ? (float4)(0.0f) : scale * vload4(0, x + i), 0, y + i);
            } else {
                uint words[4];
                vstore4(bits, 0, words);
                for (uint t = i; t < count; ++t) y[t] = words[t - i] < threshold ? 0.0f : scale * x[t];
            }
        }
}
