/* The losses. */
#include "reference/accumulate.h"

#include <math.h>

typedef struct loss_point {
    double value, gradient;
} loss_point;

/* Half the squared error. */
static loss_point reference_mse(double y, double t) {
    return (loss_point){0.5 * (y - t) * (y - t), y - t};
}

/* The absolute error. */
static loss_point reference_l1(double y, double t) {
    return (loss_point){fabs(y - t), y > t ? 1 : y < t ? -1 : 0};
}

void reference_loss(const loss_desc *d, const double *y, const double *target, reference_output loss,
                    reference_output dy) {
    static loss_point (*const losses[LOSS_COUNT])(double, double) = {
        [LOSS_mse] = reference_mse,
        [LOSS_l1] = reference_l1,
    };
    output_start(loss, 1);
    if (d->with_gradient) output_start(dy, d->count);
    for (size_t i = 0; i < d->count; i++) {
        const loss_point point = losses[d->loss](y[i], target[i]);
        output_add(loss, 0, d->scale * point.value);
        if (d->with_gradient) output_add(dy, i, d->scale * point.gradient);
    }
}
