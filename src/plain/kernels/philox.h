/* Philox on many counters at once: plain loops, which the compiler turns into vectors. */
#ifndef CLAE_PLAIN_KERNELS_PHILOX_H
#define CLAE_PLAIN_KERNELS_PHILOX_H

#include "base/philox.h"

enum { PHILOX_WORDS = 4, PHILOX_BLOCKS = 64, PHILOX_NUMBERS = PHILOX_WORDS * PHILOX_BLOCKS };

/* word[w][b] is number 4 b + w. */
typedef struct philox_numbers {
    uint32_t word[PHILOX_WORDS][PHILOX_BLOCKS];
} philox_numbers;

/* Those of the stream from number 4 * first_block on. */
static inline void philox_fill(philox_stream stream, uint64_t first_block, philox_numbers *numbers) {
    uint32_t(*const word)[PHILOX_BLOCKS] = numbers->word;
    uint32_t key0 = (uint32_t)stream.seed, key1 = (uint32_t)(stream.seed >> 32);
    for (uint32_t b = 0; b < PHILOX_BLOCKS; b++) {
        word[0][b] = (uint32_t)(first_block + b);
        word[1][b] = (uint32_t)((first_block + b) >> 32);
        word[2][b] = stream.stream;
        word[3][b] = (uint32_t)stream.purpose;
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (int b = 0; b < PHILOX_BLOCKS; b++) {
            const uint64_t p0 = (uint64_t)PHILOX_MULTIPLIER_0 * word[0][b];
            const uint64_t p1 = (uint64_t)PHILOX_MULTIPLIER_1 * word[2][b];
            word[0][b] = (uint32_t)(p1 >> 32) ^ word[1][b] ^ key0;
            word[2][b] = (uint32_t)(p0 >> 32) ^ word[3][b] ^ key1;
            word[1][b] = (uint32_t)p1;
            word[3][b] = (uint32_t)p0;
        }
        key0 += PHILOX_WEYL_0;
        key1 += PHILOX_WEYL_1;
    }
}

#endif
