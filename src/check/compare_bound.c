#include "check/compare_bound.h"

#include "ops/conv.h"

#include <float.h>
#include <math.h>

/* Each of the two may be off by the bound of one. */
#define DEVICES 2.0

double compare_terms(const op_desc *desc, int output) {
    const conv_geometry *g = &desc->conv.g;
    switch (desc->op) {
    case OP_gemm:
        return (double)desc->gemm.k;
    case OP_reduce_sum:
        return (double)desc->reduce_sum.rows;
    case OP_loss:
        return output == LOSS_LOSSES ? (double)desc->loss.count : 1;
    case OP_bias:
    case OP_relu_fwd:
    case OP_relu_bwd:
    case OP_adam:
    case OP_load_batch:
        return 1;
    default:
        break;
    }
    if (conv_kernel_of(desc->op) == CONV_FILTER) return (double)g->n * g->wide_h * g->wide_w;
    return (double)g->kh * g->kw * (conv_kernel_of(desc->op) == CONV_GATHER ? g->wide_c : g->narrow_c);
}

bool compare_is_sum(op_id op) {
    return op_is_conv(op) || op == OP_gemm || op == OP_reduce_sum;
}

void compare_make_absolute(const op_desc *desc, op_operands *operands) {
    const bool has_mask = desc->op == OP_conv2d_bwd_data || desc->op == OP_conv_transpose2d_bwd_data;
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        float *values = operands->data[k];
        if (!values || (has_mask && k == CONV_BWD_DATA_MASK)) continue;
        for (size_t i = 0; i < operands->bytes[k] / sizeof(float); i++) values[i] = fabsf(values[i]);
    }
}

/* Sum of the absolute values that an element-wise op reads at i. */
static double read_at(const op_desc *desc, const op_operands *operands, const op_args *args, size_t i) {
    double sum = desc->op == OP_adam ? args->adam.step_size : 0;
    if (desc->op == OP_load_batch) return fabs(desc->load_batch.shift) + 256.0 * fabs(desc->load_batch.scale);
    if (desc->op == OP_bias) {
        const float *bias = operands->data[BIAS_BIAS], *y = operands->data[BIAS_Y];
        return fabs(bias[i % desc->bias.channels]) + fabs(y[i]);
    }
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const float *values = operands->data[k];
        if (values && i < operands->bytes[k] / sizeof(float) && isfinite(values[i])) sum += fabs(values[i]);
    }
    return desc->op == OP_loss ? sum * desc->loss.scale : sum;
}

double compare_bound(const op_desc *desc, int output, const op_operands *magnitudes, const op_args *args, size_t i) {
    const double unit = DEVICES * FLT_EPSILON * (8 + sqrt(compare_terms(desc, output)));
    if (compare_is_sum(desc->op) || (desc->op == OP_loss && output == LOSS_LOSSES))
        return unit * fabs(((const float *)magnitudes->data[output])[i]);
    return unit * read_at(desc, magnitudes, args, i);
}
