#include "base/philox.h"

#include <math.h>

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]) {
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)PHILOX_MULTIPLIER_0 * c0;
        uint64_t p1 = (uint64_t)PHILOX_MULTIPLIER_1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        k0 += PHILOX_WEYL_0;
        k1 += PHILOX_WEYL_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

uint32_t philox_bits(philox_stream stream, uint64_t index) {
    uint64_t block = index / 4;
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream.stream, (uint32_t)stream.purpose};
    uint32_t key[2] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)};
    uint32_t out[4];
    philox4x32_10(counter, key, out);
    return out[index % 4];
}

double philox_uniform(philox_stream stream, uint64_t index) {
    return (philox_bits(stream, index) + 0.5) * 0x1p-32;
}

double philox_normal(philox_stream stream, uint64_t index) {
    double radius = sqrt(-2 * log(philox_uniform(stream, index & ~1ULL)));
    double angle = 2 * 3.14159265358979323846 * philox_uniform(stream, index | 1);
    return radius * (index & 1 ? sin(angle) : cos(angle));
}

void philox_permutation(philox_stream stream, uint32_t *permutation, size_t n) {
    for (size_t i = 0; i < n; i++) permutation[i] = (uint32_t)i;
    for (size_t i = n; i-- > 1;) {
        /* i + 1 is far below 2^32, so that the bias of multiply-and-shift is too. */
        size_t j = (size_t)(((uint64_t)philox_bits(stream, i) * (i + 1)) >> 32);
        uint32_t other = permutation[j];
        permutation[j] = permutation[i];
        permutation[i] = other;
    }
}
