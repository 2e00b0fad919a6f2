#include "ops/op_kind.h"

#include <stdio.h>

static size_t mix_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->mix.count;
}

static double mix_flops(const op_desc *desc) {
    return 3.0 * (double)desc->mix.count;
}

static const op_field mix_fields[] = {OP_FIELD(SIZE, mix, count), {0}};

static void mix_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu", desc->mix.count);
}

static size_t mix_images(const op_desc *desc) {
    return desc->mix.count;
}

static void mix_set_images(op_desc *desc, size_t images) {
    desc->mix.count = images;
}

static op_step mix_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.keep = 0.75f, .more = 0.3f};
}

static op_expected mix_expect(const op_values *values, int output, size_t i) {
    op_expected y = {0};
    (void)output;
    op_expected_add(&y, (double)values->step->keep * (double)op_floats(values, MIX_Y)[i]);
    op_expected_add(&y, (double)values->step->more * (double)op_floats(values, MIX_X)[i]);
    return y;
}

const op_kind op_kind_mix = {
    .name = "mix",
    .operand = {[MIX_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [MIX_Y] = {"y", OPERAND_INOUT, DRAW_WEIGHTS}},
    .count = mix_count,
    .flops = mix_flops,
    .describe = mix_describe,
    .fields = mix_fields,
    .images = mix_images,
    .set_images = mix_set_images,
    .trial_step = mix_trial_step,
    .expect = mix_expect,
};
