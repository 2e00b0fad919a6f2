#include "ops/op_kind.h"

#include <stdio.h>

static size_t gemm_count(const op_desc *desc, int operand) {
    const gemm_desc *g = &desc->gemm;
    const size_t counts[] = {g->m * g->k, g->k * g->n, g->m * g->n};
    return counts[operand];
}

static double gemm_flops(const op_desc *desc) {
    return 2.0 * (double)desc->gemm.m * (double)desc->gemm.n * (double)desc->gemm.k;
}

static double gemm_terms(const op_desc *desc, int output) {
    (void)output;
    return (double)desc->gemm.k;
}

static bool gemm_accumulates(const op_desc *desc) {
    return desc->gemm.beta != 0.0f;
}

static const op_field gemm_fields[] = {OP_FIELD(SIZE, gemm, m),           OP_FIELD(SIZE, gemm, n),
                                       OP_FIELD(SIZE, gemm, k),           OP_FIELD(FLAG, gemm, transpose_a),
                                       OP_FIELD(FLAG, gemm, transpose_b), {0}};

static void gemm_describe(const op_desc *desc, char *text, size_t size) {
    const gemm_desc *g = &desc->gemm;
    snprintf(text, size, "m%zu n%zu k%zu%s%s", g->m, g->n, g->k, g->transpose_a ? " ta" : "",
             g->transpose_b ? " tb" : "");
}

static op_expected gemm_expect(const op_values *values, int output, size_t i) {
    const gemm_desc *d = &values->desc->gemm;
    const float *a = op_floats(values, GEMM_A), *b = op_floats(values, GEMM_B);
    const size_t row = i / d->n, column = i % d->n;
    op_expected c = {0};
    for (size_t k = 0; k < d->k; k++)
        op_expected_add(&c, (double)d->alpha * (double)a[d->transpose_a ? k * d->m + row : row * d->k + k] *
                                (double)b[d->transpose_b ? column * d->k + k : k * d->n + column]);
    if (gemm_accumulates(values->desc)) op_expected_add(&c, (double)d->beta * (double)op_floats(values, output)[i]);
    return c;
}

const op_kind op_kind_gemm = {
    .name = "gemm",
    .operand = {[GEMM_A] = {"a", OPERAND_IN, DRAW_NUMBERS},
                [GEMM_B] = {"b", OPERAND_IN, DRAW_NUMBERS},
                [GEMM_C] = {"c", OPERAND_OUT}},
    .count = gemm_count,
    .flops = gemm_flops,
    .terms = gemm_terms,
    .accumulates = gemm_accumulates,
    .describe = gemm_describe,
    .fields = gemm_fields,
    .expect = gemm_expect,
};
