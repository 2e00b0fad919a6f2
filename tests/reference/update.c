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

/* With momentum; rates: lr, momentum, weight decay, and for a step along the gradient and the momentum 0 and 1 or, with
 * Nesterov's, 1 and the momentum. */
static void reference_sgd(const double *r, double g, reference_output p, reference_output *state, size_t i) {
    const reference_output m = state[0];
    const double gradient = r[2] * p.value[i] + g, size = fabs(r[2] * p.value[i]) + fabs(g);
    m.magnitude[i] = fabs(r[1] * m.value[i]) + size;
    m.value[i] = r[1] * m.value[i] + gradient;
    p.magnitude[i] = fabs(p.value[i]) + fabs(r[0]) * (fabs(r[3]) * size + fabs(r[4]) * m.magnitude[i]);
    p.value[i] -= r[0] * (r[3] * gradient + r[4] * m.value[i]);
}

/* Chen et al., 2023; rates: lr, lr times the decay, beta1, 1 - beta1, beta2, 1 - beta2. Where rounding may decide on the
 * sign, either is right. */
static void reference_lion(const double *r, double g, reference_output p, reference_output *state, size_t i) {
    const reference_output m = state[0];
    const double c = r[2] * m.value[i] + r[3] * g, size = fabs(r[2] * m.value[i]) + fabs(r[3] * g);
    const bool is_unsure = c != 0 && fabs(c) < 1e-6 * size;
    p.magnitude[i] = fabs(p.value[i]) * (1 + r[1]) + r[0] * (is_unsure ? 1e6 : 1);
    p.value[i] -= r[1] * p.value[i] + r[0] * (c > 0 ? 1 : c < 0 ? -1 : 0);
    m.magnitude[i] = fabs(r[4] * m.value[i]) + fabs(r[5] * g);
    m.value[i] = r[4] * m.value[i] + r[5] * g;
}

void reference_update(const update_desc *d, const double *rates, const double *gradients, reference_output parameters,
                      reference_output state[2]) {
    static void (*const steps[OPTIMISER_COUNT])(const double *, double, reference_output, reference_output *,
                                                size_t) = {
        [OPTIMISER_adam] = reference_adam,
        [OPTIMISER_sgd] = reference_sgd,
        [OPTIMISER_adamw] = reference_adamw,
        [OPTIMISER_lion] = reference_lion,
    };
    for (size_t i = 0; i < d->count; i++) steps[d->optimiser](rates, gradients[i], parameters, state, i);
}
