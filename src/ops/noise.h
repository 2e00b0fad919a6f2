/* Gaussian noise on images in training: element e of an image has number e of a normal distribution that is a pure
 * function of the seed and of the image's number among all that are trained on. */
#ifndef CLAE_OPS_NOISE_H
#define CLAE_OPS_NOISE_H

#include "ops/augment.h"

static inline philox_stream noise_stream(uint64_t seed, uint64_t image) {
    return augment_stream(seed, PHILOX_NOISE, image);
}
static inline uint64_t noise_index(uint64_t image, size_t e) {
    return augment_index(image, e);
}

#endif
