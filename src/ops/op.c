#include "ops/op.h"
#include "ops/conv.h"

#include <stdio.h>
#include <string.h>

static const char *const names[OP_COUNT] = {
#define OP(stem, operands) [OP_##stem] = #stem,
#include "ops/ops.def"
#undef OP
};

const char *op_name(op_id op) {
    return op < OP_COUNT ? names[op] : "unknown op";
}

op_id op_from_name(const char *name, size_t length) {
    for (int op = 0; op < OP_COUNT; op++)
        if (strlen(names[op]) == length && memcmp(names[op], name, length) == 0) return (op_id)op;
    return OP_COUNT;
}

bool op_is_conv(op_id op) {
    return op <= OP_conv_transpose2d_bwd_weights;
}

bool op_is_transposed(op_id op) {
    return op >= OP_conv_transpose2d_fwd && op <= OP_conv_transpose2d_bwd_weights;
}

static size_t wide_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->wide_h * (size_t)g->wide_w * (size_t)g->wide_c;
}

static size_t narrow_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->narrow_h * (size_t)g->narrow_w * (size_t)g->narrow_c;
}

static size_t weight_count(const conv_geometry *g) {
    return (size_t)g->kh * (size_t)g->kw * (size_t)g->wide_c * (size_t)g->narrow_c;
}

static size_t conv_operand_count(op_id op, const conv_desc *desc, int operand) {
    const conv_geometry *g = &desc->g;
    const bool transposed = op_is_transposed(op);
    const size_t x = transposed ? narrow_count(g) : wide_count(g);
    const size_t y = transposed ? wide_count(g) : narrow_count(g);
    const size_t bias = desc->with_bias ? (size_t)(transposed ? g->wide_c : g->narrow_c) : 0;
    switch (op) {
    case OP_conv2d_fwd:
    case OP_conv_transpose2d_fwd:
        return (const size_t[]){x, weight_count(g), bias, y}[operand];
    case OP_conv2d_bwd_data:
    case OP_conv_transpose2d_bwd_data:
        return (const size_t[]){y, weight_count(g), desc->with_relu ? x : 0, x}[operand];
    default:
        return (const size_t[]){x, y, weight_count(g), bias}[operand];
    }
}

size_t op_operand_count(const op_desc *desc, int operand) {
    if (operand < 0 || operand >= OP_MAX_OPERANDS) return 0;
    switch (desc->op) {
    case OP_bias:
        return (const size_t[]){desc->bias.channels, desc->bias.rows * desc->bias.channels, 0, 0}[operand];
    case OP_relu_fwd:
    case OP_relu_bwd:
        return operand < 2 ? desc->relu.count : 0;
    case OP_loss: {
        const size_t count = desc->loss.count;
        return (const size_t[]){count, count, 1, desc->loss.with_gradient ? count : 0}[operand];
    }
    case OP_adam:
        return desc->adam.count;
    case OP_load_batch:
        return operand == LOAD_BATCH_X ? desc->load_batch.n * desc->load_batch.image_elements : 0;
    case OP_reduce_sum: {
        const size_t columns = desc->reduce_sum.columns;
        return (const size_t[]){desc->reduce_sum.rows * columns, columns, 0, 0}[operand];
    }
    case OP_gemm: {
        const gemm_desc *g = &desc->gemm;
        return (const size_t[]){g->m * g->k, g->k * g->n, g->m * g->n, 0}[operand];
    }
    default:
        return conv_operand_count(desc->op, &desc->conv, operand);
    }
}

bool op_operand_is_output(op_id op, int operand) {
    switch (op) {
    case OP_conv2d_bwd_weights:
    case OP_conv_transpose2d_bwd_weights:
        return operand >= CONV_BWD_WEIGHTS_DWEIGHT;
    case OP_bias:
        return operand == BIAS_Y;
    case OP_relu_fwd:
        return operand == RELU_FWD_Y;
    case OP_relu_bwd:
        return operand == RELU_BWD_DY;
    case OP_loss:
        return operand >= LOSS_LOSSES;
    case OP_adam:
        return operand != ADAM_GRADIENTS;
    case OP_load_batch:
        return operand == LOAD_BATCH_X;
    case OP_reduce_sum:
        return operand == REDUCE_SUM_Y;
    case OP_gemm:
        return operand == GEMM_C;
    default:
        return operand == CONV_Y; /* of fwd; bwd_data's dx stands at the same place */
    }
}

static double conv_multiply_adds(const conv_geometry *g) {
    const size_t rows = conv_axis_pairs(g->narrow_h, g->wide_h, g->kh, g->sh, g->ph);
    const size_t columns = conv_axis_pairs(g->narrow_w, g->wide_w, g->kw, g->sw, g->pw);
    return (double)g->n * (double)rows * (double)columns * g->wide_c * g->narrow_c;
}

double op_flops(const op_desc *desc) {
    switch (desc->op) {
    case OP_bias:
        return (double)desc->bias.rows * (double)desc->bias.channels;
    case OP_relu_fwd:
    case OP_relu_bwd:
        return (double)desc->relu.count;
    case OP_loss:
        return (desc->loss.with_gradient ? 4.0 : 3.0) * (double)desc->loss.count;
    case OP_adam:
        return 13.0 * (double)desc->adam.count;
    case OP_load_batch:
        return 2.0 * (double)desc->load_batch.n * (double)desc->load_batch.image_elements;
    case OP_reduce_sum:
        return (double)desc->reduce_sum.rows * (double)desc->reduce_sum.columns;
    case OP_gemm:
        return 2.0 * (double)desc->gemm.m * (double)desc->gemm.n * (double)desc->gemm.k;
    default:
        return 2.0 * conv_multiply_adds(&desc->conv.g);
    }
}

double op_bytes(const op_desc *desc) {
    double bytes = 0;
    for (int operand = 0; operand < OP_MAX_OPERANDS; operand++)
        bytes += (double)sizeof(float) * (double)op_operand_count(desc, operand);
    switch (desc->op) {
    case OP_bias:
        return bytes + (double)sizeof(float) * (double)op_operand_count(desc, BIAS_Y);
    case OP_relu_bwd:
        return bytes + (double)sizeof(float) * (double)desc->relu.count;
    case OP_adam:
        return bytes + 3.0 * (double)sizeof(float) * (double)desc->adam.count;
    case OP_load_batch: {
        const size_t element = desc->load_batch.from_float ? sizeof(float) : 1;
        return bytes +
               (double)desc->load_batch.n * (double)(desc->load_batch.image_elements * element + sizeof(uint32_t));
    }
    default:
        return bytes;
    }
}

static void describe_conv(op_id op, const conv_desc *desc, char *text, size_t size) {
    const conv_geometry *g = &desc->g;
    const bool transposed = op_is_transposed(op);
    const int in[3] = {transposed ? g->narrow_h : g->wide_h, transposed ? g->narrow_w : g->wide_w,
                       transposed ? g->narrow_c : g->wide_c};
    const int out[3] = {transposed ? g->wide_h : g->narrow_h, transposed ? g->wide_w : g->narrow_w,
                        transposed ? g->wide_c : g->narrow_c};
    snprintf(text, size, "%s %dx%dx%dx%d -> %dx%dx%d k%dx%d s%dx%d p%dx%d%s%s", op_name(op), g->n, in[0], in[1], in[2],
             out[0], out[1], out[2], g->kh, g->kw, g->sh, g->sw, g->ph, g->pw, desc->with_bias ? " +bias" : "",
             desc->with_relu ? " +relu" : "");
}

void op_describe(const op_desc *desc, char *text, size_t size) {
    const char *name = op_name(desc->op);
    switch (desc->op) {
    case OP_bias:
        snprintf(text, size, "%s %zux%zu", name, desc->bias.rows, desc->bias.channels);
        break;
    case OP_relu_fwd:
    case OP_relu_bwd:
        snprintf(text, size, "%s %zu", name, desc->relu.count);
        break;
    case OP_loss:
        snprintf(text, size, "%s %zu%s", name, desc->loss.count, desc->loss.with_gradient ? " +gradient" : "");
        break;
    case OP_adam:
        snprintf(text, size, "%s %zu", name, desc->adam.count);
        break;
    case OP_load_batch:
        snprintf(text, size, "%s %zux%zu from %s", name, desc->load_batch.n, desc->load_batch.image_elements,
                 desc->load_batch.from_float ? "floats" : "bytes");
        break;
    case OP_reduce_sum:
        snprintf(text, size, "%s %zux%zu", name, desc->reduce_sum.rows, desc->reduce_sum.columns);
        break;
    case OP_gemm:
        snprintf(text, size, "%s m%zu n%zu k%zu%s%s", name, desc->gemm.m, desc->gemm.n, desc->gemm.k,
                 desc->gemm.transpose_a ? " ta" : "", desc->gemm.transpose_b ? " tb" : "");
        break;
    default:
        describe_conv(desc->op, &desc->conv, text, size);
    }
}
