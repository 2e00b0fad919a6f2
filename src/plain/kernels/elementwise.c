/* The ops that pass once over memory; plain loops, which the compiler turns into vectors. */
#include "plain/kernels/isa.h"

#include <math.h>

void PLAIN_NAME(plain_bias)(const float *restrict bias, float *restrict y, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) y[r * channels + c] += bias[c];
}

/* Comparisons are written so that what is not a number stays visible. */
void PLAIN_NAME(plain_relu_fwd)(const float *x, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = x[i] < 0 ? 0 : x[i];
}

void PLAIN_NAME(plain_relu_bwd)(const float *restrict y, float *restrict dy, size_t count) {
    for (size_t i = 0; i < count; i++) dy[i] = y[i] <= 0 ? 0 : dy[i];
}

double PLAIN_NAME(plain_loss)(const float *restrict y, const float *restrict target, float *restrict dy, float scale,
                              size_t count) {
    enum { LANES = 16 };
    float sums[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++) sums[l] += (y[i + l] - target[i + l]) * (y[i + l] - target[i + l]);
    double sum = 0;
    for (; i < count; i++) sum += (double)(y[i] - target[i]) * (y[i] - target[i]);
    for (size_t l = 0; l < LANES; l++) sum += (double)sums[l];
    if (dy)
        for (i = 0; i < count; i++) dy[i] = scale * (y[i] - target[i]);
    return sum;
}

void PLAIN_NAME(plain_adam)(float *restrict p, const float *restrict g, float *restrict m, float *restrict v,
                            size_t count, const adam_factors *factors) {
    const adam_factors f = *factors;
    for (size_t i = 0; i < count; i++) {
        m[i] = f.beta1 * m[i] + f.rest1 * g[i];
        v[i] = f.beta2 * v[i] + f.rest2 * (g[i] * g[i]);
        p[i] -= f.step_size * m[i] / (sqrtf(v[i]) / f.sqrt_correction2 + f.epsilon);
    }
}

void PLAIN_NAME(plain_load_bytes)(const uint8_t *restrict pixels, float *restrict x, size_t count, float scale,
                                  float shift) {
    for (size_t i = 0; i < count; i++) x[i] = (float)pixels[i] * scale + shift;
}

void PLAIN_NAME(plain_load_floats)(const float *restrict pixels, float *restrict x, size_t count, float scale,
                                   float shift) {
    for (size_t i = 0; i < count; i++) x[i] = pixels[i] * scale + shift;
}
