#include "reference/accumulate.h"

void reference_loss(const loss_desc *d, const double *y, const double *target, reference_output loss,
                    reference_output dy) {
    output_start(loss, 1);
    if (d->with_gradient) output_start(dy, d->count);
    for (size_t i = 0; i < d->count; i++) {
        double difference = y[i] - target[i];
        output_add(loss, 0, d->scale * 0.5 * difference * difference);
        if (d->with_gradient) output_add(dy, i, d->scale * difference);
    }
}
