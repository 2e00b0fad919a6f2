/* The optimisers, each from its source. */
#include "reference/reference.h"

#include <math.h>

/* Kingma and Ba, 2015, with epsilon outside of the root; rates: lr / (1 - beta1^t), sqrt(1 - beta2^t), beta1, 1 -
 * beta1, beta2, 1 - beta2, epsilon. */
static void reference_adam(const double *r, double g, reference_output p, reference_output *state, size_t i) {
    const reference_output m = state[0], v = state[1];
    m.magnitude[i] = fabs(r[2] * m.value[i]) + fabs(r[3] * g);
    m.value[i] = r[2] * m.value[i] + r[3] * g;
    v.value[i] = v.magnitude[i] = r[4] * v.value[i] + r[5] * g * g;
    const double step = r[0] / (sqrt(v.value[i]) / r[1] + r[6]);
    p.magnitude[i] = fabs(p.value[i]) + fabs(step * m.magnitude[i]);
    p.value[i] -= step * m.value[i];
}

/* Loshchilov and Hutter, 2019; the last rate: lr times the decay. */
static void reference_adamw(const double *r, double g, reference_output p, reference_output *state, size_t i) {
    const double decay = r[7] * p.value[i];
    reference_adam(r, g, p, state, i);
    p.value[i] -= decay;
    p.magnitude[i] += fabs(decay);
}

/* With momentum; rates: lr, momentum, weight decay. */
static void reference_sgd(const double *r, double g, reference_output p, reference_output *state, size_t i) {
    const reference_output m = state[0];
    m.magnitude[i] = fabs(r[1] * m.value[i]) + fabs(r[2] * p.value[i]) + fabs(g);
    m.value[i] = r[1] * m.value[i] + r[2] * p.value[i] + g;
    p.magnitude[i] = fabs(p.value[i]) + fabs(r[0] * m.magnitude[i]);
    p.value[i] -= r[0] * m.value[i];
}

void reference_update(const update_desc *d, const double *rates, const double *gradients, reference_output parameters,
                      reference_output state[2]) {
    static void (*const steps[OPTIMISER_COUNT])(const double *, double, reference_output, reference_output *,
                                                size_t) = {
        [OPTIMISER_adam] = reference_adam,
        [OPTIMISER_sgd] = reference_sgd,
        [OPTIMISER_adamw] = reference_adamw,
    };
    for (size_t i = 0; i < d->count; i++) steps[d->optimiser](rates, gradients[i], parameters, state, i);
}
