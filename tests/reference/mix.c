#include "reference/accumulate.h"

void reference_mix(const mix_desc *d, double keep, double more, const double *x, const double *y_before,
                   reference_output y) {
    output_start(y, d->count);
    for (size_t i = 0; i < d->count; i++) {
        output_add(y, i, keep * y_before[i]);
        output_add(y, i, more * x[i]);
    }
}
