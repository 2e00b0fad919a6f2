/* Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", 2011): a pure function from key and
 * counter to random bits, so that there is no generator state to keep. */
#ifndef CLAE_BASE_PHILOX_H
#define CLAE_BASE_PHILOX_H

#include <stddef.h>
#include <stdint.h>

/* What the numbers are for: draws of different purposes are independent for the same seed. */
typedef enum philox_purpose {
    PHILOX_INIT = 1,
    PHILOX_SHUFFLE,
    PHILOX_SAMPLE,
    PHILOX_PAIRS,
    PHILOX_SPIRAL,
    PHILOX_SELFTEST,
    PHILOX_DROPOUT,
    PHILOX_VALIDATION,
    PHILOX_PCA,
    PHILOX_AUGMENT,
    PHILOX_NOISE,
    PHILOX_ROUNDING,
} philox_purpose;

typedef struct philox_stream {
    uint64_t seed;
    philox_purpose purpose;
    uint32_t stream; /* an epoch, a tensor, ... */
} philox_stream;

#define PHILOX_ROUNDS 10
#define PHILOX_MULTIPLIER_0 0xD2511F53u
#define PHILOX_MULTIPLIER_1 0xCD9E8D57u
#define PHILOX_WEYL_0 0x9E3779B9u
#define PHILOX_WEYL_1 0xBB67AE85u
/* The raw generator, as published. */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* The index-th number of a stream. */
uint32_t philox_bits(philox_stream stream, uint64_t index);
double philox_uniform(philox_stream stream, uint64_t index); /* in (0, 1) */
double philox_normal(philox_stream stream, uint64_t index);  /* Box-Muller */

/* Many numbers of a stream, from the first-th, a multiple of 4: a quarter of the work that asking for each is. */
void philox_fill_bits(philox_stream stream, uint64_t first, uint32_t *bits, size_t count);
/* What philox_uniform makes of philox_bits. */
static inline double philox_to_uniform(uint32_t bits) {
    return (bits + 0.5) * 0x1p-32;
}

/* A permutation of 0 .. n-1 (Fisher-Yates). */
void philox_permutation(philox_stream stream, uint32_t *permutation, size_t n);

#endif
