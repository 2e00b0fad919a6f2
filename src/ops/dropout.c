#include "ops/dropout.h"
#include "ops/op_kind.h"

#include <stdio.h>

static size_t dropout_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->dropout.count;
}

static double dropout_flops(const op_desc *desc) {
    return (double)desc->dropout.count;
}

static const op_field dropout_fields[] = {OP_FIELD(SIZE, dropout, count), {0}};

static void dropout_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu p%g", desc->dropout.count, (double)desc->dropout.p);
}

static size_t dropout_images(const op_desc *desc) {
    return desc->dropout.count;
}

static void dropout_set_images(op_desc *desc, size_t images) {
    desc->dropout.count = images;
}

static op_step dropout_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.seed = 0x0123456789abcdef, .number = 5, .place = 3};
}

static op_expected dropout_expect(const op_values *values, int output, size_t i) {
    const dropout_desc *d = &values->desc->dropout;
    op_expected y = {0};
    (void)output;
    const uint32_t bits = philox_bits(dropout_stream(d, values->step), dropout_index(d, values->step, i));
    if (bits >= dropout_threshold(d))
        op_expected_add(&y, (double)dropout_scale(d) * (double)op_floats(values, DROPOUT_X)[i]);
    return y;
}

const op_kind op_kind_dropout = {
    .name = "dropout",
    .operand = {[DROPOUT_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [DROPOUT_Y] = {"y", OPERAND_OUT}},
    .count = dropout_count,
    .flops = dropout_flops,
    .describe = dropout_describe,
    .fields = dropout_fields,
    .images = dropout_images,
    .set_images = dropout_set_images,
    .trial_step = dropout_trial_step,
    .expect = dropout_expect,
};
