/* Dropout (ops/dropout.h). */
#include "ops/dropout.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/philox.h"

/* Numbers of the stream in one go, from `index` on: as many as a block's words allow, and none past the end of the step's
 * stretch. */
static size_t numbers_from(uint64_t index) {
    const uint64_t stretch = (uint64_t)1 << DROPOUT_STEP_BITS, left = stretch - index % stretch;
    const size_t most = PHILOX_NUMBERS - (size_t)(index % PHILOX_WORDS);
    return left < most ? (size_t)left : most;
}

/* `first`: the place of x[0] in the tensor. */
void PLAIN_NAME(plain_dropout)(const dropout_desc *desc, const op_step *step, size_t first, const float *x, float *y,
                               size_t count) {
    const uint32_t threshold = dropout_threshold(desc);
    const float scale = dropout_scale(desc);
    for (size_t done = 0; done < count;) {
        const uint64_t index = dropout_index(desc, step, first + done);
        const size_t unused = index % PHILOX_WORDS, most = numbers_from(index);
        const size_t left = count - done < most ? count - done : most;
        philox_numbers numbers;
        philox_fill(dropout_stream(desc, step), index / PHILOX_WORDS, &numbers);
        uint32_t words[PHILOX_NUMBERS];
        for (int b = 0; b < PHILOX_BLOCKS; b++)
            for (int w = 0; w < PHILOX_WORDS; w++) words[PHILOX_WORDS * b + w] = numbers.word[w][b];
        INDEPENDENT
        for (size_t i = 0; i < left; i++) y[done + i] = words[unused + i] < threshold ? 0 : scale * x[done + i];
        done += left;
    }
}
