#include "ops/op_kind.h"

#include <stdio.h>

static size_t loss_count(const op_desc *desc, int operand) {
    if (operand == LOSS_LOSSES) return 1;
    return operand == LOSS_DY && !desc->loss.with_gradient ? 0 : desc->loss.count;
}

static double loss_flops(const op_desc *desc) {
    return (desc->loss.with_gradient ? 4.0 : 3.0) * (double)desc->loss.count;
}

static double loss_terms(const op_desc *desc, int output) {
    return output == LOSS_LOSSES ? (double)desc->loss.count : 1;
}

static void loss_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu%s", desc->loss.count, desc->loss.with_gradient ? " +gradient" : "");
}

static size_t loss_images(const op_desc *desc) {
    return desc->loss.count;
}

static void loss_set_images(op_desc *desc, size_t images) {
    desc->loss.count = images;
}

#define LOSS_PIXELS 4096

static op_grid loss_grid(const op_desc *desc) {
    return (op_grid){1, 1, desc->loss.count, 1, LOSS_PIXELS};
}

static double loss_error(const op_values *values, size_t i) {
    return (double)op_floats(values, LOSS_Y)[i] - (double)op_floats(values, LOSS_TARGET)[i];
}

static op_expected loss_expect_sum(const op_values *values) {
    const size_t count = values->pixels ? values->pixel_count : values->desc->loss.count;
    op_expected sum = {0};
    for (size_t j = 0; j < count; j++) {
        const double error = loss_error(values, values->pixels ? values->pixels[j] : j);
        op_expected_add(&sum, 0.5 * (double)values->desc->loss.scale * error * error);
    }
    return sum;
}

static op_expected loss_expect(const op_values *values, int output, size_t i) {
    if (output == LOSS_LOSSES) return loss_expect_sum(values);
    op_expected dy = {0};
    op_expected_add(&dy, (double)values->desc->loss.scale * loss_error(values, i));
    return dy;
}

const op_kind op_kind_loss = {
    .name = "loss",
    .operand = {[LOSS_Y] = {"y", OPERAND_IN, DRAW_NUMBERS},
                [LOSS_TARGET] = {"target", OPERAND_IN, DRAW_TARGET},
                [LOSS_LOSSES] = {"losses", OPERAND_OUT},
                [LOSS_DY] = {"dy", OPERAND_OUT}},
    .count = loss_count,
    .flops = loss_flops,
    .terms = loss_terms,
    .describe = loss_describe,
    .images = loss_images,
    .set_images = loss_set_images,
    .grid = loss_grid,
    .trial_step = {.slot = 1},
    .expect = loss_expect,
};
