/* Sums together with the sums of absolute values. */
#ifndef CLAE_TESTS_REFERENCE_ACCUMULATE_H
#define CLAE_TESTS_REFERENCE_ACCUMULATE_H

#include "reference/reference.h"

#include <math.h>

static inline void output_start(reference_output output, size_t count) {
    for (size_t i = 0; i < count; i++) output.value[i] = output.magnitude[i] = 0;
}

static inline void output_add(reference_output output, size_t i, double term) {
    output.value[i] += term;
    output.magnitude[i] += fabs(term);
}

/* What follows a sum over channels: a bias, a ReLU, a mask; NULL and false leave them out. */
static inline void output_add_bias(reference_output output, size_t pixels, size_t channels, const double *bias) {
    for (size_t i = 0; i < pixels * channels; i++) output_add(output, i, bias[i % channels]);
}

static inline void output_relu(reference_output output, size_t count) {
    for (size_t i = 0; i < count; i++) output.value[i] = fmax(output.value[i], 0);
}

static inline void output_mask(reference_output output, size_t count, const double *mask) {
    for (size_t i = 0; i < count; i++)
        if (mask[i] <= 0) output.value[i] = output.magnitude[i] = 0;
}

static inline void output_channel_sums(reference_output output, size_t pixels, size_t channels, const double *values) {
    output_start(output, channels);
    for (size_t i = 0; i < pixels * channels; i++) output_add(output, i % channels, values[i]);
}

#endif
