#include "ops/op_kind.h"

#include <stdio.h>

static size_t bias_count(const op_desc *desc, int operand) {
    return operand == BIAS_BIAS ? desc->bias.channels : desc->bias.rows * desc->bias.channels;
}

static double bias_flops(const op_desc *desc) {
    return (double)desc->bias.rows * (double)desc->bias.channels;
}

static const op_field bias_fields[] = {OP_FIELD(SIZE, bias, rows), OP_FIELD(SIZE, bias, channels), {0}};

static void bias_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zux%zu", desc->bias.rows, desc->bias.channels);
}

static size_t bias_images(const op_desc *desc) {
    return desc->bias.rows;
}

static void bias_set_images(op_desc *desc, size_t images) {
    desc->bias.rows = images;
}

static op_expected bias_expect(const op_values *values, int output, size_t i) {
    op_expected y = {0};
    op_expected_add(&y, (double)op_floats(values, output)[i]);
    op_expected_add(&y, (double)op_floats(values, BIAS_BIAS)[i % values->desc->bias.channels]);
    return y;
}

const op_kind op_kind_bias = {
    .name = "bias",
    .operand = {[BIAS_BIAS] = {"bias", OPERAND_IN, DRAW_NUMBERS}, [BIAS_Y] = {"y", OPERAND_INOUT, DRAW_NUMBERS}},
    .count = bias_count,
    .flops = bias_flops,
    .describe = bias_describe,
    .fields = bias_fields,
    .images = bias_images,
    .set_images = bias_set_images,
    .expect = bias_expect,
};
