#include "ops/op_kind.h"

#include <stdio.h>

static size_t relu_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->relu.count;
}

static double relu_flops(const op_desc *desc) {
    return (double)desc->relu.count;
}

static void relu_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu", desc->relu.count);
}

static size_t relu_images(const op_desc *desc) {
    return desc->relu.count;
}

static void relu_set_images(op_desc *desc, size_t images) {
    desc->relu.count = images;
}

static op_expected relu_fwd_expect(const op_values *values, int output, size_t i) {
    const float x = op_floats(values, RELU_FWD_X)[i];
    (void)output;
    return (op_expected){.value = x < 0 ? 0 : (double)x};
}

static op_expected relu_bwd_expect(const op_values *values, int output, size_t i) {
    return (op_expected){.value = op_floats(values, RELU_BWD_Y)[i] <= 0 ? 0 : (double)op_floats(values, output)[i]};
}

const op_kind op_kind_relu_fwd = {
    .name = "relu_fwd",
    .operand = {[RELU_FWD_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [RELU_FWD_Y] = {"y", OPERAND_OUT}},
    .count = relu_count,
    .flops = relu_flops,
    .describe = relu_describe,
    .images = relu_images,
    .set_images = relu_set_images,
    .expect = relu_fwd_expect,
};

const op_kind op_kind_relu_bwd = {
    .name = "relu_bwd",
    .operand = {[RELU_BWD_Y] = {"y", OPERAND_IN, DRAW_MASK}, [RELU_BWD_DY] = {"dy", OPERAND_INOUT, DRAW_NUMBERS}},
    .count = relu_count,
    .flops = relu_flops,
    .describe = relu_describe,
    .images = relu_images,
    .set_images = relu_set_images,
    .expect = relu_bwd_expect,
};
