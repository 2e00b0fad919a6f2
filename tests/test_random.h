/* Random numbers of the tests (SplitMix64), apart from the library's generator. */
#ifndef CLAE_TESTS_TEST_RANDOM_H
#define CLAE_TESTS_TEST_RANDOM_H

#include <stdint.h>

typedef struct test_random {
    uint64_t state;
} test_random;

static inline uint64_t random_bits(test_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A stream for each combination of numbers, so that case 7 is the same whatever ran before it. */
static inline test_random random_stream(uint64_t seed, uint64_t a, uint64_t b) {
    test_random random = {seed};
    random.state = random_bits(&random) + a;
    random.state = random_bits(&random) + b;
    return random;
}

/* first .. last, both included. */
static inline int random_int(test_random *random, int first, int last) {
    return first + (int)(random_bits(random) % (uint64_t)(last - first + 1));
}

/* In [-1, 1). */
static inline double random_real(test_random *random) {
    return (double)(random_bits(random) >> 11) * 0x1p-52 - 1;
}

#endif
