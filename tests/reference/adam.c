#include "reference/reference.h"

#include <math.h>

void reference_adam(const adam_desc *d, double step_size, double sqrt_correction2, const double *gradients,
                    reference_output parameters, reference_output m, reference_output v) {
    const double beta1 = d->beta1, beta2 = d->beta2;
    for (size_t i = 0; i < d->count; i++) {
        double g = gradients[i];
        m.magnitude[i] = fabs(beta1 * m.value[i]) + fabs((1 - beta1) * g);
        m.value[i] = beta1 * m.value[i] + (1 - beta1) * g;
        v.value[i] = v.magnitude[i] = beta2 * v.value[i] + (1 - beta2) * g * g;
        double step = step_size / (sqrt(v.value[i]) / sqrt_correction2 + d->epsilon);
        parameters.magnitude[i] = fabs(parameters.value[i]) + fabs(step * m.magnitude[i]);
        parameters.value[i] -= step * m.value[i];
    }
}
