/* What conv2d and conv_transpose2d share; linear is one of 1x1. */
#include "graph/layer.h"
#include "graph/plan.h"

#include <math.h>
#include <stdio.h>

conv_geometry layer_conv_geometry(const layer *layer, int n) {
    const bool transposed = layer->type == &layer_conv_transpose2d;
    const clae_shape wide = transposed ? layer->out : layer->in;
    const clae_shape narrow = transposed ? layer->in : layer->out;
    const clae_layer_spec *spec = &layer->spec;
    return (conv_geometry){
        .n = n,
        .wide_h = (int)wide.h,
        .wide_w = (int)wide.w,
        .wide_c = (int)wide.c,
        .narrow_h = (int)narrow.h,
        .narrow_w = (int)narrow.w,
        .narrow_c = (int)narrow.c,
        .kh = (int)spec->kernel_h,
        .kw = (int)spec->kernel_w,
        .sh = (int)spec->stride_h,
        .sw = (int)spec->stride_w,
        .ph = (int)spec->padding_h,
        .pw = (int)spec->padding_w,
    };
}

uint64_t layer_conv_multiply_adds(const layer *layer) {
    const op_desc desc = {.op = OP_conv2d_fwd, .conv.g = layer_conv_geometry(layer, 1)};
    return (uint64_t)(op_flops(&desc) / 2);
}

void layer_conv_params(layer *layer, const size_t shape[4], size_t fan_in) {
    const double bound = 1.0 / sqrt((double)fan_in);
    layer->param[0] = (layer_param){"weight", 4, {shape[0], shape[1], shape[2], shape[3]}, INIT_UNIFORM, bound};
    layer->param[1] = (layer_param){"bias", 1, {layer->out.c}, INIT_UNIFORM, bound};
    layer->param_count = layer->spec.no_bias ? 1 : 2;
}

void layer_conv_print(const layer *layer, const char *name, char *text, size_t size) {
    const clae_layer_spec *spec = &layer->spec;
    const int used = snprintf(text, size, "%s(%zu, %u, kernel_size=(%u, %u), stride=(%u, %u)", name, layer->in.c,
                              spec->out_channels, spec->kernel_h, spec->kernel_w, spec->stride_h, spec->stride_w);
    size_t end = used < 0 ? 0 : (size_t)used;
    if (end < size && (spec->padding_h || spec->padding_w))
        end += (size_t)snprintf(text + end, size - end, ", padding=(%u, %u)", spec->padding_h, spec->padding_w);
    if (end < size && (spec->output_padding_h || spec->output_padding_w))
        end += (size_t)snprintf(text + end, size - end, ", output_padding=(%u, %u)", spec->output_padding_h,
                                spec->output_padding_w);
    if (end < size && spec->no_bias) end += (size_t)snprintf(text + end, size - end, ", bias=False");
    if (end < size) snprintf(text + end, size - end, ")");
}

/* The bias is added by an op of its own, which plan_fuse.c may take into the convolution. */
int layer_emit_conv_forward(const layer *layer, plan_builder *builder, op_id op, conv_geometry g, int x) {
    const op_desc conv = {.op = op, .conv.g = g};
    const size_t count = layer_batch_elements(builder, layer->out), bias_count = layer->param[1].count;
    const int y = layer_new_tensor(builder, count);
    PLAN_ADD(builder, &conv, x, layer_value(layer, builder, 0), -1, y);
    if (layer->spec.no_bias) return y;
    const op_desc bias = {.op = OP_bias, .bias = {count / bias_count, bias_count}};
    PLAN_ADD(builder, &bias, layer_value(layer, builder, 1), y);
    return y;
}

int layer_emit_conv_backward(const layer *layer, plan_builder *builder, op_id bwd_data, op_id bwd_weights,
                             conv_geometry g, int x, int dy, bool with_dx) {
    const op_desc weights = {.op = bwd_weights, .conv.g = g}, data = {.op = bwd_data, .conv.g = g};
    PLAN_ADD(builder, &weights, x, dy, layer_gradient(layer, builder, 0));
    if (!layer->spec.no_bias) {
        const size_t count = layer_batch_elements(builder, layer->out), bias_count = layer->param[1].count;
        const op_desc bias = {.op = OP_reduce_sum, .reduce_sum = {count / bias_count, bias_count}};
        PLAN_ADD(builder, &bias, dy, layer_gradient(layer, builder, 1));
    }
    if (!with_dx) return -1;
    const int dx = layer_new_tensor(builder, layer_batch_elements(builder, layer->in));
    PLAN_ADD(builder, &data, dy, layer_value(layer, builder, 0), -1, dx);
    return dx;
}
