#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

static size_t clip_norm_count(const op_desc *desc, int operand) {
    return operand == CLIP_NORM_FACTOR ? 1 : desc->clip_norm.count;
}

static double clip_norm_flops(const op_desc *desc) {
    return 3.0 * (double)desc->clip_norm.count;
}

static double clip_norm_terms(const op_desc *desc, int output) {
    (void)output;
    return (double)desc->clip_norm.count;
}

static const op_field clip_norm_fields[] = {OP_FIELD(SIZE, clip_norm, count), {0}};

static void clip_norm_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zu to %g", desc->clip_norm.count, (double)desc->clip_norm.limit);
}

static size_t clip_norm_shared(const op_desc *desc) {
    (void)desc;
    return 1;
}

static void clip_norm_share(const op_values *values, double *factor) {
    const clip_norm_desc *d = &values->desc->clip_norm;
    double squares = 0;
    for (size_t i = 0; i < d->count; i++) {
        const double g = (double)op_floats(values, CLIP_NORM_GRADIENTS)[i];
        squares += g * g;
    }
    const double norm = sqrt(squares);
    *factor = norm > (double)d->limit ? (double)d->limit / norm : 1;
}

static op_expected clip_norm_expect(const op_values *values, int output, size_t i) {
    op_expected expected = {0};
    const double of = output == CLIP_NORM_FACTOR ? 1 : (double)op_floats(values, CLIP_NORM_GRADIENTS)[i];
    op_expected_add(&expected, *values->shared * of);
    return expected;
}

const op_kind op_kind_clip_norm = {
    .name = "clip_norm",
    .operand = {[CLIP_NORM_GRADIENTS] = {"gradients", OPERAND_INOUT, DRAW_GRADIENTS},
                [CLIP_NORM_FACTOR] = {"factor", OPERAND_OUT}},
    .count = clip_norm_count,
    .flops = clip_norm_flops,
    .terms = clip_norm_terms,
    .describe = clip_norm_describe,
    .fields = clip_norm_fields,
    .shared = clip_norm_shared,
    .share = clip_norm_share,
    .expect = clip_norm_expect,
};
