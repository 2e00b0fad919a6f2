#include "base/philox.h"

#include <math.h>
#include <string.h>

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

static void philox_block(philox_stream stream, uint64_t block, uint32_t out[4]) {
    uint32_t counter[4] = {(uint32_t)block, (uint32_t)(block >> 32), stream.stream, (uint32_t)stream.purpose};
    uint32_t key[2] = {(uint32_t)stream.seed, (uint32_t)(stream.seed >> 32)};
    philox4x32_10(counter, key, out);
}

uint32_t philox_bits(philox_stream stream, uint64_t index) {
    uint32_t out[4];
    philox_block(stream, index / 4, out);
    return out[index % 4];
}

void philox_fill_bits(philox_stream stream, uint64_t first, uint32_t *bits, size_t count) {
    uint32_t last[4];
    for (size_t i = 0; i < count / 4; i++) philox_block(stream, first / 4 + i, bits + 4 * i);
    philox_block(stream, (first + count) / 4, last);
    memcpy(bits + count / 4 * 4, last, count % 4 * sizeof *bits);
}

double philox_uniform(philox_stream stream, uint64_t index) {
    return philox_to_uniform(philox_bits(stream, index));
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
