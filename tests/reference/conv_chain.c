/* Convolutions in a row. */
#include "reference/accumulate.h"

#include <math.h>
#include <stdlib.h>

static void run(op_id op, const conv_desc *d, const double *x, const double *weight, const double *extra,
                reference_output out) {
    if (op == OP_conv2d_fwd) reference_conv2d_fwd(d, x, weight, extra, out);
    if (op == OP_conv_transpose2d_fwd) reference_conv_transpose2d_fwd(d, x, weight, extra, out);
    if (op == OP_conv2d_bwd_data) reference_conv2d_bwd_data(d, x, weight, extra, out);
    if (op == OP_conv_transpose2d_bwd_data) reference_conv_transpose2d_bwd_data(d, x, weight, extra, out);
}

static double *squares(const double *values, size_t count) {
    double *squared = malloc(count * sizeof *squared);
    for (size_t i = 0; i < count; i++) squared[i] = values[i] * values[i];
    return squared;
}

void reference_conv_chain_stage(op_id stage_op, const conv_desc *d, const double *x, const reference_output *in,
                                const double *weight, const double *extra, size_t in_count, size_t weight_count,
                                size_t out_count, reference_output out) {
    run(stage_op, d, in ? in->value : x, weight, extra, out);
    if (!in) return;
    /* Of independent errors of the inputs, the squares times those of the weights add up. */
    conv_desc alone = *d;
    alone.with_bias = false;
    if (stage_op == OP_conv2d_fwd || stage_op == OP_conv_transpose2d_fwd) alone.activation = ACTIVATION_NONE;
    double *errors = squares(in->magnitude, in_count), *factors = squares(weight, weight_count);
    reference_output sums = {calloc(out_count, sizeof(double)), calloc(out_count, sizeof(double))};
    run(stage_op, &alone, errors, factors, extra, sums);
    for (size_t i = 0; i < out_count; i++) out.magnitude[i] += sqrt(sums.value[i]);
    free(errors);
    free(factors);
    free(sums.value);
    free(sums.magnitude);
}
