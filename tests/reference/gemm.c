#include "reference/accumulate.h"

void reference_gemm(const gemm_desc *d, const double *a, const double *b, const double *c_before, reference_output c) {
    const double alpha = d->alpha;
    output_start(c, d->m * d->n);
    for (size_t k = 0; k < d->k; k++) {
        for (size_t row = 0; row < d->m; row++) {
            double left = alpha * a[d->transpose_a ? k * d->m + row : row * d->k + k];
            for (size_t column = 0; column < d->n; column++)
                output_add(c, row * d->n + column, left * b[d->transpose_b ? column * d->k + k : k * d->n + column]);
        }
    }
    if (!c_before) return;
    for (size_t i = 0; i < d->m * d->n; i++) output_add(c, i, d->beta * c_before[i]);
}
