#include "ops/op_kind.h"

#include <stdio.h>

static size_t prelu_elements(const op_desc *desc) {
    return desc->prelu.rows * desc->prelu.channels;
}

static size_t prelu_slopes(const op_desc *desc) {
    return desc->prelu.one_slope ? 1 : desc->prelu.channels;
}

static size_t prelu_fwd_count(const op_desc *desc, int operand) {
    return operand == PRELU_FWD_SLOPE ? prelu_slopes(desc) : prelu_elements(desc);
}

static size_t prelu_bwd_count(const op_desc *desc, int operand) {
    return operand == PRELU_BWD_SLOPE || operand == PRELU_BWD_DSLOPE ? prelu_slopes(desc) : prelu_elements(desc);
}

static double prelu_fwd_flops(const op_desc *desc) {
    return (double)prelu_elements(desc);
}

static double prelu_bwd_flops(const op_desc *desc) {
    return 3.0 * (double)prelu_elements(desc);
}

static double prelu_bwd_terms(const op_desc *desc, int output) {
    return output == PRELU_BWD_DSLOPE ? (double)(prelu_elements(desc) / prelu_slopes(desc)) : 1;
}

static const op_field prelu_fields[] = {
    OP_FIELD(SIZE, prelu, rows), OP_FIELD(SIZE, prelu, channels), OP_FIELD(FLAG, prelu, one_slope), {0}};

static void prelu_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zux%zu%s", desc->prelu.rows, desc->prelu.channels,
             desc->prelu.one_slope ? " one slope" : "");
}

static size_t prelu_images(const op_desc *desc) {
    return desc->prelu.rows;
}

static void prelu_set_images(op_desc *desc, size_t images) {
    desc->prelu.rows = images;
}

#define PRELU_PIXELS 4096

static op_grid prelu_grid(const op_desc *desc) {
    return (op_grid){1, 1, desc->prelu.rows, desc->prelu.channels, PRELU_PIXELS};
}

static double slope_at(const op_values *values, int operand, size_t i) {
    const prelu_desc *d = &values->desc->prelu;
    return (double)op_floats(values, operand)[d->one_slope ? 0 : i % d->channels];
}

static op_expected prelu_fwd_expect(const op_values *values, int output, size_t i) {
    const double x = (double)op_floats(values, PRELU_FWD_X)[i];
    op_expected y = {0};
    (void)output;
    op_expected_add(&y, x < 0 ? slope_at(values, PRELU_FWD_SLOPE, i) * x : x);
    return y;
}

static void add_slope_term(const op_values *values, size_t i, op_expected *dslope) {
    const double x = (double)op_floats(values, PRELU_BWD_X)[i];
    if (!(x >= 0)) op_expected_add(dslope, x * (double)op_floats(values, PRELU_BWD_DY)[i]);
}

static op_expected expect_dslope(const op_values *values, size_t slope) {
    const prelu_desc *d = &values->desc->prelu;
    const size_t rows = values->pixels ? values->pixel_count : d->rows;
    op_expected dslope = {0};
    for (size_t j = 0; j < rows; j++) {
        const size_t row = (values->pixels ? values->pixels[j] : j) * d->channels;
        for (size_t c = 0; c < d->channels; c++)
            if (d->one_slope || c == slope) add_slope_term(values, row + c, &dslope);
    }
    return dslope;
}

static op_expected prelu_bwd_expect(const op_values *values, int output, size_t i) {
    if (output == PRELU_BWD_DSLOPE) return expect_dslope(values, i);
    const double dy = (double)op_floats(values, PRELU_BWD_DY)[i];
    op_expected dx = {0};
    op_expected_add(&dx, op_floats(values, PRELU_BWD_X)[i] <= 0 ? slope_at(values, PRELU_BWD_SLOPE, i) * dy : dy);
    return dx;
}

const op_kind op_kind_prelu_fwd = {
    .name = "prelu_fwd",
    .operand = {[PRELU_FWD_X] = {"x", OPERAND_IN, DRAW_SIGNS},
                [PRELU_FWD_SLOPE] = {"slope", OPERAND_IN, DRAW_NUMBERS},
                [PRELU_FWD_Y] = {"y", OPERAND_OUT}},
    .count = prelu_fwd_count,
    .flops = prelu_fwd_flops,
    .describe = prelu_describe,
    .fields = prelu_fields,
    .images = prelu_images,
    .set_images = prelu_set_images,
    .expect = prelu_fwd_expect,
};

const op_kind op_kind_prelu_bwd = {
    .name = "prelu_bwd",
    .operand = {[PRELU_BWD_X] = {"x", OPERAND_IN, DRAW_SIGNS},
                [PRELU_BWD_DY] = {"dy", OPERAND_IN, DRAW_PIXELS},
                [PRELU_BWD_SLOPE] = {"slope", OPERAND_IN, DRAW_NUMBERS},
                [PRELU_BWD_DX] = {"dx", OPERAND_OUT},
                [PRELU_BWD_DSLOPE] = {"dslope", OPERAND_OUT}},
    .count = prelu_bwd_count,
    .flops = prelu_bwd_flops,
    .terms = prelu_bwd_terms,
    .describe = prelu_describe,
    .fields = prelu_fields,
    .images = prelu_images,
    .set_images = prelu_set_images,
    .look = LOOK_WHOLE,
    .grid = prelu_grid,
    .expect = prelu_bwd_expect,
};
