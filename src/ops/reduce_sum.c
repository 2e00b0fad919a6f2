#include "ops/op_kind.h"

#include <stdio.h>

static size_t reduce_sum_count(const op_desc *desc, int operand) {
    return operand == REDUCE_SUM_X ? desc->reduce_sum.rows * desc->reduce_sum.columns : desc->reduce_sum.columns;
}

static double reduce_sum_flops(const op_desc *desc) {
    return (double)desc->reduce_sum.rows * (double)desc->reduce_sum.columns;
}

static double reduce_sum_terms(const op_desc *desc, int output) {
    (void)output;
    return (double)desc->reduce_sum.rows;
}

static const op_field reduce_sum_fields[] = {
    OP_FIELD(SIZE, reduce_sum, rows), OP_FIELD(SIZE, reduce_sum, columns), {0}};

static void reduce_sum_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zux%zu", desc->reduce_sum.rows, desc->reduce_sum.columns);
}

static size_t reduce_sum_images(const op_desc *desc) {
    return desc->reduce_sum.rows;
}

static void reduce_sum_set_images(op_desc *desc, size_t images) {
    desc->reduce_sum.rows = images;
}

#define REDUCE_SUM_PIXELS 4096

static op_grid reduce_sum_grid(const op_desc *desc) {
    return (op_grid){1, 1, desc->reduce_sum.rows, desc->reduce_sum.columns, REDUCE_SUM_PIXELS};
}

static op_expected reduce_sum_expect(const op_values *values, int output, size_t i) {
    const reduce_sum_desc *d = &values->desc->reduce_sum;
    const size_t rows = values->pixels ? values->pixel_count : d->rows;
    op_expected y = {0};
    (void)output;
    for (size_t r = 0; r < rows; r++)
        op_expected_add(
            &y, (double)op_floats(values, REDUCE_SUM_X)[(values->pixels ? values->pixels[r] : r) * d->columns + i]);
    return y;
}

const op_kind op_kind_reduce_sum = {
    .name = "reduce_sum",
    .operand = {[REDUCE_SUM_X] = {"x", OPERAND_IN, DRAW_PIXELS}, [REDUCE_SUM_Y] = {"y", OPERAND_OUT}},
    .count = reduce_sum_count,
    .flops = reduce_sum_flops,
    .terms = reduce_sum_terms,
    .describe = reduce_sum_describe,
    .fields = reduce_sum_fields,
    .images = reduce_sum_images,
    .set_images = reduce_sum_set_images,
    .look = LOOK_WHOLE,
    .grid = reduce_sum_grid,
    .expect = reduce_sum_expect,
};
