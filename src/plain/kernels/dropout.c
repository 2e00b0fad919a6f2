/* Dropout (ops/dropout.h). */
#include "ops/dropout.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/philox.h"

/* `first`, the place of x[0] in the tensor, is a multiple of 4. */
void PLAIN_NAME(plain_dropout)(const dropout_desc *desc, const op_step *step, size_t first, const float *x, float *y,
                               size_t count) {
    const uint32_t threshold = dropout_threshold(desc);
    const float scale = dropout_scale(desc);
    for (size_t done = 0; done < count; done += PHILOX_NUMBERS) {
        const size_t left = count - done < PHILOX_NUMBERS ? count - done : PHILOX_NUMBERS;
        philox_numbers numbers;
        philox_fill(dropout_stream(desc, step), dropout_index(step, first + done) / PHILOX_WORDS, &numbers);
        uint32_t words[PHILOX_NUMBERS];
        for (int b = 0; b < PHILOX_BLOCKS; b++)
            for (int w = 0; w < PHILOX_WORDS; w++) words[PHILOX_WORDS * b + w] = numbers.word[w][b];
        INDEPENDENT
        for (size_t i = 0; i < left; i++) y[done + i] = words[i] < threshold ? 0 : scale * x[done + i];
    }
}
