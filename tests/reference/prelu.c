#include "reference/accumulate.h"

void reference_prelu_fwd(const prelu_desc *d, const double *x, const double *slope, reference_output y) {
    const size_t count = d->rows * d->channels;
    output_start(y, count);
    for (size_t i = 0; i < count; i++)
        output_add(y, i, x[i] > 0 ? x[i] : slope[d->one_slope ? 0 : i % d->channels] * x[i]);
}

void reference_prelu_bwd(const prelu_desc *d, const double *x, const double *dy, const double *slope,
                         reference_output dx, reference_output dslope) {
    const size_t count = d->rows * d->channels;
    output_start(dx, count);
    output_start(dslope, d->one_slope ? 1 : d->channels);
    for (size_t i = 0; i < count; i++) {
        const size_t s = d->one_slope ? 0 : i % d->channels;
        output_add(dx, i, x[i] > 0 ? dy[i] : slope[s] * dy[i]);
        output_add(dslope, s, x[i] > 0 ? 0 : x[i] * dy[i]);
    }
}
