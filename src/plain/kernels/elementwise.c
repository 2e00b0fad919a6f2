/* The ops that pass once over memory; plain loops, which the compiler turns into vectors. */
#include "plain/kernels/isa.h"

void PLAIN_NAME(plain_add)(const float *a, const float *b, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) y[i] = a[i] + b[i];
}

void PLAIN_NAME(plain_add_relu)(const float *a, const float *b, float *y, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const float sum = a[i] + b[i];
        y[i] = sum < 0 ? 0 : sum;
    }
}

void PLAIN_NAME(plain_mix)(const float *restrict x, float *restrict y, size_t count, float keep, float more) {
    for (size_t i = 0; i < count; i++) y[i] = keep * y[i] + more * x[i];
}

void PLAIN_NAME(plain_scale)(float *y, size_t count, float factor) {
    for (size_t i = 0; i < count; i++) y[i] *= factor;
}

double PLAIN_NAME(plain_sum_squares)(const float *x, size_t count) {
    enum { LANES = 16 };
    double lanes[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= count; i += LANES)
        for (size_t l = 0; l < LANES; l++) lanes[l] += (double)x[i + l] * (double)x[i + l];
    for (; i < count; i++) sum += (double)x[i] * (double)x[i];
    for (size_t l = 0; l < LANES; l++) sum += lanes[l];
    return sum;
}

void PLAIN_NAME(plain_bias)(const float *restrict bias, float *restrict y, size_t rows, size_t channels) {
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < channels; c++) y[r * channels + c] += bias[c];
}

/* A loop over all elements is a faster one where there is one channel. */
#define LOAD(name, type)                                                                                               \
    void PLAIN_NAME(name)(const load_batch_desc *d, const type *restrict elements, float *restrict x, size_t count) {  \
        const size_t channels = d->channels;                                                                           \
        if (channels == 1)                                                                                             \
            for (size_t i = 0; i < count; i++) x[i] = (float)elements[i] * d->scale[0] + d->shift[0];                  \
        else                                                                                                           \
            for (size_t i = 0; i < count; i += channels)                                                               \
                for (size_t k = 0; k < channels; k++)                                                                  \
                    x[i + k] = (float)elements[i + k] * d->scale[k] + d->shift[k];                                     \
    }

LOAD(plain_load_bytes, uint8_t)
LOAD(plain_load_floats, float)
