#include "ops/activation.h"
#include "ops/op_kind.h"

#include <stdio.h>

static size_t add_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->add.count;
}

static double add_flops(const op_desc *desc) {
    return (double)desc->add.count;
}

static const op_field add_fields[] = {OP_FIELD(SIZE, add, count), OP_FIELD(ACTIVATION, add, activation), {0}};

static void add_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu%s", desc->add.count, activation_suffix(desc->add.activation));
}

static size_t add_images(const op_desc *desc) {
    return desc->add.count;
}

static void add_set_images(op_desc *desc, size_t images) {
    desc->add.count = images;
}

static op_expected add_expect(const op_values *values, int output, size_t i) {
    op_expected y = {0};
    (void)output;
    op_expected_add(&y, (double)op_floats(values, ADD_A)[i]);
    op_expected_add(&y, (double)op_floats(values, ADD_B)[i]);
    if (values->desc->add.activation == ACTIVATION_relu && y.value < 0) y.value = 0;
    return y;
}

const op_kind op_kind_add = {
    .name = "add",
    .operand = {[ADD_A] = {"a", OPERAND_IN, DRAW_NUMBERS},
                [ADD_B] = {"b", OPERAND_IN, DRAW_NUMBERS},
                [ADD_Y] = {"y", OPERAND_OUT}},
    .count = add_count,
    .flops = add_flops,
    .describe = add_describe,
    .fields = add_fields,
    .activated = OP_ACTIVATED(add, ADD_Y),
    .images = add_images,
    .set_images = add_set_images,
    .expect = add_expect,
};
