#include "op_harness.h"

static const size_t fixed[] = {1, 3 * 24 * 24 * 32, 15, 16, 1021};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    desc->relu.count = index < 5 ? fixed[index] : (size_t)random_int(random, 1, 5000);
    if (quick && desc->relu.count > 2000) desc->relu.count = 2000;
}

/* Zeros of both signs among the others. */
static double *random_with_zeros(op_case *c, int operand, size_t count, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        int kind = random_int(random, 0, 5);
        values[i] = kind == 0 ? 0.0 : kind == 1 ? -0.0 : random_real(random);
    }
    return case_values(c, operand, count, values);
}

static bool fill_fwd(op_case *c, test_random *random) {
    const size_t count = c->desc.relu.count;
    const double *x = random_with_zeros(c, RELU_FWD_X, count, random);
    reference_output y = case_output(c, RELU_FWD_Y, count, 0);
    c->operand[RELU_FWD_Y].magnitude = NULL;
    reference_relu_fwd(&c->desc.relu, x, y.value);
    if (c->integers) c->operand[RELU_FWD_Y].in_place = true; /* the second kind of run is the one in place */
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const size_t count = c->desc.relu.count;
    const double *y = random_with_zeros(c, RELU_BWD_Y, count, random);
    const double *dy = case_random(c, RELU_BWD_DY, count, 1, random);
    reference_output result = case_output(c, RELU_BWD_DY, count, 0);
    c->operand[RELU_BWD_DY].magnitude = NULL;
    reference_relu_bwd(&c->desc.relu, y, dy, result.value);
    return true;
}

const op_suite suite_relu_fwd = {OP_relu_fwd, 5, describe, fill_fwd};
const op_suite suite_relu_bwd = {OP_relu_bwd, 5, describe, fill_bwd};
