#include "op_harness.h"

static const prelu_desc fixed[] = {{3 * 24 * 24, 32, false}, {3 * 24 * 24, 32, true}, {1, 1, false},
                                   {17, 8, false},           {1021, 3, true},         {700, 20, false}};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    if (index < 6)
        desc->prelu = fixed[index];
    else
        desc->prelu = (prelu_desc){(size_t)random_int(random, 1, 700), (size_t)random_int(random, 1, 70),
                                   random_int(random, 0, 1)};
    if (quick && desc->prelu.rows > 60) desc->prelu.rows = 60;
}

/* Zeros among them. */
static double *random_x(op_case *c, int operand, size_t count, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const double value = c->integers ? random_int(random, -3, 3) : random_real(random);
        values[i] = random_int(random, 0, 5) ? value : 0.0;
    }
    return case_values(c, operand, count, values);
}

static bool fill_fwd(op_case *c, test_random *random) {
    const prelu_desc *d = &c->desc.prelu;
    const size_t count = d->rows * d->channels;
    const double *x = random_x(c, PRELU_FWD_X, count, random);
    const double *slope = case_random(c, PRELU_FWD_SLOPE, d->one_slope ? 1 : d->channels, 1, random);
    reference_prelu_fwd(d, x, slope, case_output(c, PRELU_FWD_Y, count, 1));
    if (c->integers) c->operand[PRELU_FWD_Y].in_place = 1 + PRELU_FWD_X;
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const prelu_desc *d = &c->desc.prelu;
    const size_t count = d->rows * d->channels, slopes = d->one_slope ? 1 : d->channels;
    const double *x = random_x(c, PRELU_BWD_X, count, random);
    const double *dy = case_random(c, PRELU_BWD_DY, count, 1, random);
    const double *slope = case_random(c, PRELU_BWD_SLOPE, slopes, 1, random);
    reference_prelu_bwd(d, x, dy, slope, case_output(c, PRELU_BWD_DX, count, 1),
                        case_output(c, PRELU_BWD_DSLOPE, slopes, (double)(count / slopes)));
    if (c->integers) c->operand[PRELU_BWD_DX].in_place = 1 + PRELU_BWD_DY;
    return true;
}

const op_suite suite_prelu_fwd = {OP_prelu_fwd, 6, describe, fill_fwd};
const op_suite suite_prelu_bwd = {OP_prelu_bwd, 6, describe, fill_bwd};
