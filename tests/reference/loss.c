/* The losses. */
#include "reference/accumulate.h"

#include <math.h>

/* With the sums of absolute values of their terms. */
typedef struct loss_point {
    double value, gradient, value_magnitude, gradient_magnitude;
} loss_point;

static loss_point exactly(double value, double gradient) {
    return (loss_point){value, gradient, fabs(value), fabs(gradient)};
}

/* Half the squared error. */
static loss_point reference_mse(double y, double t) {
    return exactly(0.5 * (y - t) * (y - t), y - t);
}

/* The absolute error. */
static loss_point reference_l1(double y, double t) {
    return exactly(fabs(y - t), y > t ? 1 : y < t ? -1 : 0);
}

/* Squared up to an error of 1, linear beyond. */
static loss_point reference_huber(double y, double t) {
    const double error = fabs(y - t);
    if (error <= 1) return reference_mse(y, t);
    return exactly(error - 0.5, y > t ? 1 : -1);
}

/* Of t and a probability whose logit is y: -t log(p) - (1 - t) log(1 - p), with log(p) = -log(1 + exp(-y)). */
static loss_point reference_bce(double y, double t) {
    const double log_p = y > 0 ? -log1p(exp(-y)) : y - log1p(exp(y)), log_rest = y > 0 ? log_p - y : -log1p(exp(y));
    const double value = -t * log_p - (1 - t) * log_rest, p = exp(log_p);
    return (loss_point){value, p - t, value + fabs(y) * fmin(t, 1 - t), p + t};
}

void reference_loss(const loss_desc *d, const double *y, const double *target, reference_output loss,
                    reference_output dy) {
    static loss_point (*const losses[LOSS_COUNT])(double, double) = {
        [LOSS_mse] = reference_mse,
        [LOSS_l1] = reference_l1,
        [LOSS_huber] = reference_huber,
        [LOSS_bce] = reference_bce,
    };
    output_start(loss, 1);
    if (d->with_gradient) output_start(dy, d->count);
    for (size_t i = 0; i < d->count; i++) {
        const loss_point point = losses[d->loss](y[i], target[i]);
        loss.value[0] += d->scale * point.value;
        loss.magnitude[0] += d->scale * point.value_magnitude;
        if (!d->with_gradient) continue;
        dy.value[i] = d->scale * point.gradient;
        dy.magnitude[i] = d->scale * point.gradient_magnitude;
    }
}
