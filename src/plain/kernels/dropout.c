/* Dropout, with Philox on many counters at once (ops/dropout.h); plain loops, which the compiler turns into vectors. */
#include "ops/dropout.h"
#include "plain/kernels/isa.h"

enum { BLOCKS = 64, WORDS = 4, ELEMENTS = WORDS * BLOCKS };

typedef struct counters {
    uint32_t word[WORDS][BLOCKS];
} counters;

/* What philox4x32_10 gives, for the blocks from `first` on. */
static void random_words(const dropout_desc *desc, const op_step *step, uint64_t first, counters *c) {
    const philox_stream stream = dropout_stream(desc, step);
    uint32_t key0 = (uint32_t)stream.seed, key1 = (uint32_t)(stream.seed >> 32);
    for (uint32_t b = 0; b < BLOCKS; b++) {
        c->word[0][b] = (uint32_t)(first + b);
        c->word[1][b] = (uint32_t)((first + b) >> 32);
        c->word[2][b] = stream.stream;
        c->word[3][b] = (uint32_t)stream.purpose;
    }
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        for (int b = 0; b < BLOCKS; b++) {
            const uint64_t p0 = (uint64_t)PHILOX_MULTIPLIER_0 * c->word[0][b];
            const uint64_t p1 = (uint64_t)PHILOX_MULTIPLIER_1 * c->word[2][b];
            c->word[0][b] = (uint32_t)(p1 >> 32) ^ c->word[1][b] ^ key0;
            c->word[2][b] = (uint32_t)(p0 >> 32) ^ c->word[3][b] ^ key1;
            c->word[1][b] = (uint32_t)p1;
            c->word[3][b] = (uint32_t)p0;
        }
        key0 += PHILOX_WEYL_0;
        key1 += PHILOX_WEYL_1;
    }
}

/* `first`, the place of x[0] in the tensor, is a multiple of 4. */
void PLAIN_NAME(plain_dropout)(const dropout_desc *desc, const op_step *step, size_t first, const float *x, float *y,
                               size_t count) {
    const uint32_t threshold = dropout_threshold(desc);
    const float scale = dropout_scale(desc);
    for (size_t done = 0; done < count; done += ELEMENTS) {
        const size_t left = count - done < ELEMENTS ? count - done : ELEMENTS;
        counters c;
        random_words(desc, step, dropout_index(step, first + done) / WORDS, &c);
        uint32_t words[ELEMENTS];
        for (int b = 0; b < BLOCKS; b++)
            for (int w = 0; w < WORDS; w++) words[WORDS * b + w] = c.word[w][b];
        INDEPENDENT
        for (size_t i = 0; i < left; i++) y[done + i] = words[i] < threshold ? 0 : scale * x[done + i];
    }
}
