#include "op_harness.h"

#include <math.h>

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    static const size_t fixed[] = {112457, 1, 33};
    size_t count = index < 3 ? fixed[index] : (size_t)random_int(random, 1, 3000);
    if (quick && count > 1000) count = 1000;
    desc->adam = (adam_desc){count, 0.9f, 0.999f, 1e-8f};
    if (index >= 3 && random_int(random, 0, 1)) desc->adam = (adam_desc){count, 0.5f, 0.9f, 1e-3f};
}

/* Gradients of all sizes, some of them zero; v is never negative. */
static bool fill(op_case *c, test_random *random) {
    if (c->integers) return false;
    const adam_desc *d = &c->desc.adam;
    const int t = random_int(random, 1, 5000);
    c->args.step.rates[ADAM_STEP_SIZE] = (float)(1e-3 / (1 - pow(d->beta1, t)));
    c->args.step.rates[ADAM_SQRT_CORRECTION2] = (float)sqrt(1 - pow(d->beta2, t));
    double *gradients = case_memory(d->count * sizeof(double)), *v = case_memory(d->count * sizeof(double));
    for (size_t i = 0; i < d->count; i++) {
        const double scale = pow(10, -random_int(random, 0, 6));
        gradients[i] = random_int(random, 0, 9) ? scale * random_real(random) : 0;
        v[i] = random_int(random, 0, 9) ? scale * scale * fabs(random_real(random)) : 0;
    }
    const double *parameters = case_random(c, ADAM_PARAMETERS, d->count, 0.1, random);
    const double *m = case_random(c, ADAM_M, d->count, 0.01, random);
    v = case_values(c, ADAM_V, d->count, v);
    gradients = case_values(c, ADAM_GRADIENTS, d->count, gradients);
    reference_output new_parameters = case_output(c, ADAM_PARAMETERS, d->count, 1);
    reference_output new_m = case_output(c, ADAM_M, d->count, 1), new_v = case_output(c, ADAM_V, d->count, 1);
    for (size_t i = 0; i < d->count; i++) {
        new_parameters.value[i] = parameters[i];
        new_m.value[i] = m[i];
        new_v.value[i] = v[i];
    }
    reference_adam(d, c->args.step.rates[ADAM_STEP_SIZE], c->args.step.rates[ADAM_SQRT_CORRECTION2], gradients, new_parameters, new_m, new_v);
    return true;
}

const op_suite suite_adam = {OP_adam, 3, describe, fill};
