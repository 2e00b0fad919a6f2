/* Gaussian noise (ops/noise.h): the numbers of some elements, then their sums with x. */
#include "ops/noise.h"
#include "plain/kernels/functions.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/philox.h"

#include "ops/gaussian.def"

static void noise_draw(philox_stream stream, uint64_t first_block, float noise[PHILOX_NUMBERS]) {
    float pair[PHILOX_WORDS][PHILOX_BLOCKS];
    philox_numbers numbers;
    philox_fill(stream, first_block, &numbers);
    for (int w = 0; w < PHILOX_WORDS; w += 2)
        for (int b = 0; b < PHILOX_BLOCKS; b++) {
            const float radius = gaussian_radius(numbers.word[w][b]);
            pair[w][b] = radius * gaussian_cosine(numbers.word[w + 1][b]);
            pair[w + 1][b] = radius * gaussian_sine(numbers.word[w + 1][b]);
        }
    for (int b = 0; b < PHILOX_BLOCKS; b++)
        for (int w = 0; w < PHILOX_WORDS; w++) noise[PHILOX_WORDS * b + w] = pair[w][b];
}

void PLAIN_NAME(plain_noise)(const noise_desc *desc, uint64_t seed, uint64_t image, const float *x, float *y) {
    const philox_stream stream = noise_stream(seed, image);
    const size_t count = desc->image_elements, channels = desc->channels;
    for (size_t done = 0; done < count; done += PHILOX_NUMBERS) {
        const size_t left = count - done < PHILOX_NUMBERS ? count - done : PHILOX_NUMBERS;
        float noise[PHILOX_NUMBERS];
        noise_draw(stream, noise_index(image, done) / PHILOX_WORDS, noise);
        if (channels == 1) {
            const float deviation = desc->deviation[0];
            INDEPENDENT
            for (size_t i = 0; i < left; i++) y[done + i] = x[done + i] + deviation * noise[i];
        } else {
            for (size_t i = 0; i < left; i++)
                y[done + i] = x[done + i] + desc->deviation[(done + i) % channels] * noise[i];
        }
    }
}
