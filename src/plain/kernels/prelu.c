/* PReLU; plain loops, which the compiler turns into vectors. Comparisons are such that NaN stays NaN. */
#include "plain/kernels/isa.h"

void PLAIN_NAME(plain_prelu_fwd)(const float *x, const float *slope, bool one_slope, float *y, size_t rows,
                                 size_t channels) {
    const float one = slope[0];
    if (one_slope) {
        INDEPENDENT
        for (size_t i = 0; i < rows * channels; i++) y[i] = x[i] < 0 ? one * x[i] : x[i];
        return;
    }
    for (size_t r = 0; r < rows; r++, x += channels, y += channels) {
        INDEPENDENT
        for (size_t c = 0; c < channels; c++) y[c] = x[c] < 0 ? slope[c] * x[c] : x[c];
    }
}

void PLAIN_NAME(plain_prelu_bwd)(const float *x, const float *dy, const float *slope, float *dx, float *sums,
                                 size_t rows, size_t channels) {
    for (size_t c = 0; c < channels; c++) sums[c] = 0;
    for (size_t r = 0; r < rows; r++, x += channels, dy += channels, dx += channels) {
        INDEPENDENT
        for (size_t c = 0; c < channels; c++) {
            const float d = dy[c];
            sums[c] += x[c] >= 0 ? 0 : x[c] * d;
            dx[c] = x[c] <= 0 ? slope[c] * d : d;
        }
    }
}

void PLAIN_NAME(plain_prelu_bwd_one)(const float *x, const float *dy, float slope, float *dx, float *sums,
                                     size_t count) {
    for (size_t l = 0; l < PLAIN_PRELU_SUMS; l++) sums[l] = 0;
    for (size_t i = 0; i < count; i += PLAIN_PRELU_SUMS) {
        const size_t lanes = count - i < PLAIN_PRELU_SUMS ? count - i : PLAIN_PRELU_SUMS;
        INDEPENDENT
        for (size_t l = 0; l < lanes; l++) {
            const float d = dy[i + l];
            sums[l] += x[i + l] >= 0 ? 0 : x[i + l] * d;
            dx[i + l] = x[i + l] <= 0 ? slope * d : d;
        }
    }
}
