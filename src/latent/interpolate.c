#include <clae/latent.h>

void clae_interpolate(const float *a, const float *b, size_t dims, size_t steps, float *codes) {
    for (size_t s = 0; s < steps; s++) {
        float alpha = steps > 1 ? (float)s / (float)(steps - 1) : 0;
        for (size_t d = 0; d < dims; d++) codes[s * dims + d] = (1 - alpha) * a[d] + alpha * b[d];
    }
}
