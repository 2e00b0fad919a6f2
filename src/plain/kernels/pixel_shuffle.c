/* One row of small pixels, and the rows of large pixels that are made of it; they begin at the same element. */
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

/* Calls with constants are what makes it fast: the usual factors. */
INLINE void shuffle_row(const pixel_shuffle_desc *d, const float *restrict in, float *restrict out, const bool forward,
                        const size_t r) {
    const size_t channels = (size_t)d->channels, w = (size_t)d->w, large_row = w * r * channels;
    for (size_t dy = 0; dy < r; dy++)
        for (size_t x = 0; x < w; x++)
            for (size_t dx = 0; dx < r; dx++) {
                const size_t large = dy * large_row + (x * r + dx) * channels;
                const size_t small = x * channels * r * r + dy * r + dx;
                for (size_t c = 0; c < channels; c++) {
                    if (forward)
                        out[large + c] = in[small + c * r * r];
                    else
                        out[small + c * r * r] = in[large + c];
                }
            }
}

INLINE void shuffle(const pixel_shuffle_desc *d, const float *in, float *out, const bool forward) {
    if (d->factor == 2)
        shuffle_row(d, in, out, forward, 2);
    else
        shuffle_row(d, in, out, forward, (size_t)d->factor);
}

void PLAIN_NAME(plain_pixel_shuffle)(const pixel_shuffle_desc *d, const float *in, float *out) {
    shuffle(d, in, out, true);
}

void PLAIN_NAME(plain_pixel_unshuffle)(const pixel_shuffle_desc *d, const float *in, float *out) {
    shuffle(d, in, out, false);
}
