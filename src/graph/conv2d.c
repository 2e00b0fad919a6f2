#include "base/context.h"
#include "graph/layer.h"

#include <stdio.h>

static clae_status output_size(const clae_context *context, const char *axis, size_t in, unsigned kernel,
                               unsigned stride, unsigned padding, size_t *out) {
    if (in + 2 * (size_t)padding < kernel)
        return fail(context, CLAE_ERROR_INPUT, "conv2d: %s %zu with padding %u is smaller than the kernel %u", axis, in,
                    padding, kernel);
    *out = (in + 2 * (size_t)padding - kernel) / stride + 1;
    return CLAE_OK;
}

static clae_status output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                clae_shape *out) {
    clae_status status = layer_check_conv_spec(context, spec);
    if (status == CLAE_OK)
        status = output_size(context, "height", in.h, spec->kernel_h, spec->stride_h, spec->padding_h, &out->h);
    if (status == CLAE_OK)
        status = output_size(context, "width", in.w, spec->kernel_w, spec->stride_w, spec->padding_w, &out->w);
    out->c = spec->out_channels;
    return status;
}

/* PyTorch: [out][in][kh][kw]. */
static void pytorch_shape(const layer *layer, size_t shape[4]) {
    shape[0] = layer->out.c;
    shape[1] = layer->in.c;
    shape[2] = layer->spec.kernel_h;
    shape[3] = layer->spec.kernel_w;
}

static size_t weight_from_pytorch(const layer *layer, size_t index) {
    const size_t taps = (size_t)layer->spec.kernel_h * layer->spec.kernel_w;
    const size_t tap = index % taps, in = index / taps % layer->in.c, out = index / taps / layer->in.c;
    return (tap * layer->in.c + in) * layer->out.c + out;
}

static size_t fan_in(const layer *layer) {
    return layer->in.c * layer->spec.kernel_h * layer->spec.kernel_w;
}

static void print(const layer *layer, char *text, size_t size) {
    layer_print_conv(layer, "Conv2d", text, size);
}

static int emit_forward(const layer *layer, plan_builder *builder, int x) {
    return layer_emit_conv_forward(layer, builder, OP_conv2d_fwd, x);
}

static int emit_backward(const layer *layer, plan_builder *builder, int x, int y, int dy, bool with_dx) {
    (void)y;
    return layer_emit_conv_backward(layer, builder, OP_conv2d_bwd_data, OP_conv2d_bwd_weights, x, dy, with_dx);
}

const layer_type layer_conv2d = {
    .name = "conv2d",
    .output_shape = output_shape,
    .has_parameters = true,
    .weight_from_pytorch = weight_from_pytorch,
    .pytorch_shape = pytorch_shape,
    .fan_in = fan_in,
    .multiply_adds = layer_conv_multiply_adds,
    .print = print,
    .emit_forward = emit_forward,
    .emit_backward = emit_backward,
};
