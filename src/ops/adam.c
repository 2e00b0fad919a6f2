#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

static size_t adam_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->adam.count;
}

static double adam_flops(const op_desc *desc) {
    return 13.0 * (double)desc->adam.count;
}

static void adam_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu", desc->adam.count);
}

static op_expected adam_expect_mean(const op_values *values, size_t i) {
    const double beta1 = values->desc->adam.beta1;
    op_expected m = {0};
    op_expected_add(&m, beta1 * (double)op_floats(values, ADAM_M)[i]);
    op_expected_add(&m, (1 - beta1) * (double)op_floats(values, ADAM_GRADIENTS)[i]);
    return m;
}

static op_expected adam_expect_square(const op_values *values, size_t i) {
    const double beta2 = values->desc->adam.beta2, g = (double)op_floats(values, ADAM_GRADIENTS)[i];
    op_expected v = {0};
    op_expected_add(&v, beta2 * (double)op_floats(values, ADAM_V)[i]);
    op_expected_add(&v, (1 - beta2) * g * g);
    return v;
}

static op_expected adam_expect(const op_values *values, int output, size_t i) {
    const op_expected m = adam_expect_mean(values, i), v = adam_expect_square(values, i);
    if (output != ADAM_PARAMETERS) return output == ADAM_M ? m : v;
    const float *rates = values->step->rates;
    const double p = (double)op_floats(values, ADAM_PARAMETERS)[i];
    const double rate = (double)rates[ADAM_STEP_SIZE] /
                        (sqrt(v.value) / (double)rates[ADAM_SQRT_CORRECTION2] + values->desc->adam.epsilon);
    return (op_expected){p - rate * m.value, fabs(p) + rate * m.magnitude};
}

const op_kind op_kind_adam = {
    .name = "adam",
    .operand = {[ADAM_PARAMETERS] = {"parameters", OPERAND_INOUT, DRAW_WEIGHTS},
                [ADAM_GRADIENTS] = {"gradients", OPERAND_IN, DRAW_GRADIENTS},
                [ADAM_M] = {"m", OPERAND_INOUT, DRAW_GRADIENTS},
                [ADAM_V] = {"v", OPERAND_INOUT, DRAW_SQUARES}},
    .count = adam_count,
    .flops = adam_flops,
    .describe = adam_describe,
    /* Those of a first step with the usual rate and betas. */
    .trial_step.rates = {[ADAM_STEP_SIZE] = 1e-2f, [ADAM_SQRT_CORRECTION2] = 0.0316227766f},
    .expect = adam_expect,
};
