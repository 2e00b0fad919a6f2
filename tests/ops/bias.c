#include "op_harness.h"

static const bias_desc fixed[] = {{3 * 24 * 24, 32}, {3 * 28 * 28, 1}, {1, 1}, {17, 8}};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    if (index < 4)
        desc->bias = fixed[index];
    else
        desc->bias = (bias_desc){random_int(random, 1, 500), random_int(random, 1, 70)};
    if (quick && desc->bias.rows > 60) desc->bias.rows = 60;
}

static bool fill(op_case *c, test_random *random) {
    const bias_desc *d = &c->desc.bias;
    const double *bias = case_random(c, BIAS_BIAS, d->channels, 1, random);
    const double *before = case_random(c, BIAS_Y, d->rows * d->channels, 1, random);
    reference_bias(d, bias, before, case_output(c, BIAS_Y, d->rows * d->channels, 2));
    return true;
}

const op_suite suite_bias = {OP_bias, 4, describe, fill};
