#include "base/context.h"
#include "graph/layer.h"

#include <stdio.h>

static clae_status output_size(const clae_context *context, const char *axis, size_t in, unsigned kernel,
                               unsigned stride, unsigned padding, unsigned output_padding, size_t *out) {
    if (output_padding >= stride)
        return fail(context, CLAE_ERROR_INPUT, "conv_transpose2d: output padding %u, must be less than the stride %u",
                    output_padding, stride);
    const size_t padded = (in - 1) * stride + kernel + output_padding;
    if (padded <= 2 * (size_t)padding)
        return fail(context, CLAE_ERROR_INPUT, "conv_transpose2d: padding %u leaves nothing of %s %zu", padding, axis,
                    padded);
    *out = padded - 2 * (size_t)padding;
    return CLAE_OK;
}

static clae_status output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                clae_shape *out) {
    clae_status status = layer_check_conv_spec(context, spec);
    if (status == CLAE_OK)
        status = output_size(context, "height", in.h, spec->kernel_h, spec->stride_h, spec->padding_h,
                             spec->output_padding_h, &out->h);
    if (status == CLAE_OK)
        status = output_size(context, "width", in.w, spec->kernel_w, spec->stride_w, spec->padding_w,
                             spec->output_padding_w, &out->w);
    out->c = spec->out_channels;
    return status;
}

/* PyTorch: [in][out][kh][kw]. */
static void pytorch_shape(const layer *layer, size_t shape[4]) {
    shape[0] = layer->in.c;
    shape[1] = layer->out.c;
    shape[2] = layer->spec.kernel_h;
    shape[3] = layer->spec.kernel_w;
}

static size_t weight_from_pytorch(const layer *layer, size_t index) {
    const size_t taps = (size_t)layer->spec.kernel_h * layer->spec.kernel_w;
    return index % taps * layer->in.c * layer->out.c + index / taps;
}

static size_t fan_in(const layer *layer) {
    return layer->out.c * layer->spec.kernel_h * layer->spec.kernel_w;
}

static void print(const layer *layer, char *text, size_t size) {
    layer_print_conv(layer, "ConvTranspose2d", text, size);
}

static int emit_forward(const layer *layer, plan_builder *builder, int x) {
    return layer_emit_conv_forward(layer, builder, OP_conv_transpose2d_fwd, x);
}

static int emit_backward(const layer *layer, plan_builder *builder, int x, int y, int dy, bool with_dx) {
    (void)y;
    return layer_emit_conv_backward(layer, builder, OP_conv_transpose2d_bwd_data, OP_conv_transpose2d_bwd_weights, x,
                                    dy, with_dx);
}

const layer_type layer_conv_transpose2d = {
    .name = "conv_transpose2d",
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
