#include "base/philox.h"

#include <clae/latent.h>

#include <math.h>

void clae_gaussian_fit(const float *codes, size_t n, size_t dims, double *mean, double *std) {
    for (size_t d = 0; d < dims; d++) {
        double sum = 0, squares = 0;
        for (size_t i = 0; i < n; i++) sum += codes[i * dims + d];
        mean[d] = n ? sum / (double)n : 0;
        for (size_t i = 0; i < n; i++) squares += (codes[i * dims + d] - mean[d]) * (codes[i * dims + d] - mean[d]);
        std[d] = n ? sqrt(squares / (double)n) : 0;
    }
}

void clae_gaussian_sample(const double *mean, const double *std, size_t dims, uint64_t seed, size_t n, float *codes) {
    philox_stream stream = {seed, PHILOX_SAMPLE, 0};
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < dims; d++)
            codes[i * dims + d] = (float)(mean[d] + std[d] * philox_normal(stream, i * dims + d));
}
