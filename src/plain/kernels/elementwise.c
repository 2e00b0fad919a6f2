/* The ops that pass once over memory; plain loops, which the compiler turns into vectors. */
#include "plain/kernels/isa.h"

void PLAIN_NAME(plain_add)(const float *a, const float *b, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

void PLAIN_NAME(plain_bias)(const float *restrict bias, float *restrict y, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) y[r * channels + c] += bias[c];
}

void PLAIN_NAME(plain_load_bytes)(const uint8_t *restrict pixels, float *restrict x, size_t count, float scale,
                                  float shift) {
    for (size_t i = 0; i < count; i++) x[i] = (float)pixels[i] * scale + shift;
}

void PLAIN_NAME(plain_load_floats)(const float *restrict pixels, float *restrict x, size_t count, float scale,
                                   float shift) {
    for (size_t i = 0; i < count; i++) x[i] = pixels[i] * scale + shift;
}
