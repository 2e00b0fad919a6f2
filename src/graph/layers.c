/* The table of layer types, and what the two convolutions share. */
#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"
#include "ops/conv.h"

#include <stdio.h>
#include <string.h>

const layer_type *const layer_types[] = {&layer_conv2d, &layer_conv_transpose2d, &layer_relu, NULL};

const layer_type *layer_type_find(const char *name) {
    for (const layer_type *const *type = layer_types; *type; type++)
        if (strcmp((*type)->name, name) == 0) return *type;
    return NULL;
}

#define MAX_CHANNELS 65536
#define MAX_KERNEL 1024

clae_status layer_check_conv_spec(const clae_context *context, const clae_layer_spec *spec) {
    if (spec->out_channels < 1 || spec->out_channels > MAX_CHANNELS)
        return fail(context, CLAE_ERROR_INPUT, "%s: %u channels, must be 1 to %d", spec->type, spec->out_channels,
                    MAX_CHANNELS);
    if (spec->kernel_h < 1 || spec->kernel_w < 1 || spec->kernel_h > MAX_KERNEL || spec->kernel_w > MAX_KERNEL)
        return fail(context, CLAE_ERROR_INPUT, "%s: kernel %ux%u, must be 1 to %d each way", spec->type, spec->kernel_h,
                    spec->kernel_w, MAX_KERNEL);
    if (spec->stride_h < 1 || spec->stride_w < 1 || spec->stride_h > MAX_KERNEL || spec->stride_w > MAX_KERNEL)
        return fail(context, CLAE_ERROR_INPUT, "%s: stride %ux%u, must be 1 to %d each way", spec->type, spec->stride_h,
                    spec->stride_w, MAX_KERNEL);
    if (spec->padding_h >= spec->kernel_h || spec->padding_w >= spec->kernel_w)
        return fail(context, CLAE_ERROR_INPUT, "%s: padding %ux%u, must be less than the kernel %ux%u", spec->type,
                    spec->padding_h, spec->padding_w, spec->kernel_h, spec->kernel_w);
    return CLAE_OK;
}

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

void layer_print_conv(const layer *layer, const char *name, char *text, size_t size) {
    const clae_layer_spec *spec = &layer->spec;
    const int used = snprintf(text, size, "%s(%zu, %u, kernel_size=(%u, %u), stride=(%u, %u)", name, layer->in.c,
                              spec->out_channels, spec->kernel_h, spec->kernel_w, spec->stride_h, spec->stride_w);
    size_t end = used < 0 ? 0 : (size_t)used;
    if (end < size && (spec->padding_h || spec->padding_w))
        end += (size_t)snprintf(text + end, size - end, ", padding=(%u, %u)", spec->padding_h, spec->padding_w);
    if (end < size && (spec->output_padding_h || spec->output_padding_w))
        end += (size_t)snprintf(text + end, size - end, ", output_padding=(%u, %u)", spec->output_padding_h,
                                spec->output_padding_w);
    if (end < size) snprintf(text + end, size - end, ")");
}

static size_t batch_elements(const plan_builder *builder, clae_shape shape) {
    return (size_t)builder->n * shape_elements(shape);
}

int layer_emit_conv_forward(const layer *layer, plan_builder *builder, op_id op, int x) {
    const op_desc conv = {.op = op, .conv.g = layer_conv_geometry(layer, builder->n)};
    const op_desc bias = {.op = OP_bias, .bias = {(size_t)builder->n * layer->out.h * layer->out.w, layer->out.c}};
    const int weight = plan_add_tensor(builder, TENSOR_VALUE, layer->weight_offset, layer->weight_count);
    const int bias_values = plan_add_tensor(builder, TENSOR_VALUE, layer->bias_offset, layer->bias_count);
    const int y = plan_add_tensor(builder, TENSOR_ARENA, 0, batch_elements(builder, layer->out));
    PLAN_ADD(builder, &conv, x, weight, -1, y);
    PLAN_ADD(builder, &bias, bias_values, y);
    return y;
}

int layer_emit_conv_backward(const layer *layer, plan_builder *builder, op_id bwd_data, op_id bwd_weights, int x,
                             int dy, bool with_dx) {
    const conv_geometry g = layer_conv_geometry(layer, builder->n);
    const op_desc weights = {.op = bwd_weights, .conv.g = g};
    const op_desc bias = {.op = OP_reduce_sum,
                          .reduce_sum = {(size_t)builder->n * layer->out.h * layer->out.w, layer->out.c}};
    const op_desc data = {.op = bwd_data, .conv.g = g};
    const int dweight = plan_add_tensor(builder, TENSOR_GRADIENT, layer->weight_offset, layer->weight_count);
    const int dbias = plan_add_tensor(builder, TENSOR_GRADIENT, layer->bias_offset, layer->bias_count);
    PLAN_ADD(builder, &weights, x, dy, dweight);
    PLAN_ADD(builder, &bias, dy, dbias);
    if (!with_dx) return -1;
    const int weight = plan_add_tensor(builder, TENSOR_VALUE, layer->weight_offset, layer->weight_count);
    const int dx = plan_add_tensor(builder, TENSOR_ARENA, 0, batch_elements(builder, layer->in));
    PLAN_ADD(builder, &data, dy, weight, -1, dx);
    return dx;
}
