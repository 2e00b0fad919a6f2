/* Gaussian noise, by the generator as it was published, with the counter that the op states, and Box and Muller's
 * method. */
#include "base/philox.h"
#include "reference/accumulate.h"

static double normal(const uint32_t words[4], size_t e) {
    const uint32_t *pair = words + e % 4 / 2 * 2;
    const double radius = sqrt(-2 * log((pair[0] + 0.5) * 0x1p-32));
    const double angle = 2 * 3.14159265358979323846 * ((pair[1] + 0.5) * 0x1p-32);
    return radius * (e % 2 ? sin(angle) : cos(angle));
}

void reference_noise(const noise_desc *d, uint64_t seed, uint64_t image, const double *x, reference_output y) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    output_start(y, d->n * d->image_elements);
    for (size_t n = 0; n < d->n; n++)
        for (size_t e = 0; e < d->image_elements; e++) {
            const uint64_t number = image + n;
            const uint32_t counter[4] = {(uint32_t)(e / 4), (uint32_t)(number % (1u << 30)), (uint32_t)(number >> 30),
                                         PHILOX_NOISE};
            const size_t i = n * d->image_elements + e;
            uint32_t words[4];
            philox4x32_10(counter, key, words);
            output_add(y, i, x[i]);
            output_add(y, i, (double)d->deviation[e % d->channels] * normal(words, e));
        }
}
