#include "reference/accumulate.h"

void reference_clip_norm(const clip_norm_desc *d, const double *before, reference_output gradients,
                         reference_output factor) {
    double squares = 0;
    for (size_t i = 0; i < d->count; i++) squares += before[i] * before[i];
    const double by = sqrt(squares) > (double)d->limit ? (double)d->limit / sqrt(squares) : 1;
    output_start(gradients, d->count);
    output_start(factor, 1);
    output_add(factor, 0, by);
    for (size_t i = 0; i < d->count; i++) output_add(gradients, i, by * before[i]);
}
