#include "reference/reference.h"

void reference_relu_fwd(const relu_desc *d, const double *x, double *y) {
    for (size_t i = 0; i < d->count; i++) y[i] = x[i] > 0 ? x[i] : 0;
}

void reference_relu_bwd(const relu_desc *d, const double *y, const double *dy_before, double *dy) {
    for (size_t i = 0; i < d->count; i++) dy[i] = y[i] <= 0 ? 0 : dy_before[i];
}
