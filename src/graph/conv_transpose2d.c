#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <math.h>

static const layer_field conv_transpose2d_fields[] = {
    {"out_channels", "", FIELD_COUNT, LAYER_FIELD(out_channels), 1, LAYER_MAX_CHANNELS, NAN, NULL},
    {"kernel", "k", FIELD_PAIR, LAYER_FIELD(kernel_h), 1, LAYER_MAX_KERNEL, NAN, NULL},
    {"stride", "s", FIELD_PAIR, LAYER_FIELD(stride_h), 1, LAYER_MAX_KERNEL, 1, NULL},
    {"padding", "p", FIELD_PAIR, LAYER_FIELD(padding_h), 0, LAYER_MAX_KERNEL, 0, NULL},
    {"output_padding", "q", FIELD_PAIR, LAYER_FIELD(output_padding_h), 0, LAYER_MAX_KERNEL, 0, NULL},
    {"no_bias", "nobias", FIELD_FLAG, LAYER_FIELD(no_bias), 0, 1, 0, NULL},
    {0},
};

static clae_status conv_transpose2d_size(const clae_context *context, const char *axis, size_t in, unsigned kernel,
                                         unsigned stride, unsigned padding, unsigned output_padding, size_t *out) {
    if (padding >= kernel)
        return fail(context, CLAE_ERROR_INPUT, "padding %u, must be less than the kernel %u", padding, kernel);
    if (output_padding >= stride)
        return fail(context, CLAE_ERROR_INPUT, "output padding %u, must be less than the stride %u", output_padding,
                    stride);
    const size_t padded = (in - 1) * stride + kernel + output_padding;
    if (padded <= 2 * (size_t)padding)
        return fail(context, CLAE_ERROR_INPUT, "padding %u leaves nothing of %s %zu", padding, axis, padded);
    *out = padded - 2 * (size_t)padding;
    return CLAE_OK;
}

static clae_status conv_transpose2d_output_shape(const clae_context *context, const clae_layer_spec *spec,
                                                 clae_shape in, clae_shape *out) {
    clae_status status = conv_transpose2d_size(context, "height", in.h, spec->kernel_h, spec->stride_h, spec->padding_h,
                                               spec->output_padding_h, &out->h);
    if (status == CLAE_OK)
        status = conv_transpose2d_size(context, "width", in.w, spec->kernel_w, spec->stride_w, spec->padding_w,
                                       spec->output_padding_w, &out->w);
    out->c = spec->out_channels;
    return status;
}

/* PyTorch: [in][out][kh][kw]. */
static void conv_transpose2d_params(layer *layer) {
    const size_t shape[4] = {layer->in.c, layer->out.c, layer->spec.kernel_h, layer->spec.kernel_w};
    layer_conv_params(layer, shape, shape[1] * shape[2] * shape[3]);
    layer->param[0].layout =
        (param_layout){{shape[0], shape[1], shape[2] * shape[3], 1}, {shape[1], 1, shape[0] * shape[1], 1}};
}

static void conv_transpose2d_print(const layer *layer, char *text, size_t size) {
    layer_conv_print(layer, "ConvTranspose2d", text, size);
}

static void conv_transpose2d_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y =
        layer_emit_conv_forward(layer, builder, OP_conv_transpose2d_fwd, layer_conv_geometry(layer, builder->n), io->x);
}

static int conv_transpose2d_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy,
                                          bool with_dx) {
    return layer_emit_conv_backward(layer, builder, OP_conv_transpose2d_bwd_data, OP_conv_transpose2d_bwd_weights,
                                    layer_conv_geometry(layer, builder->n), io->x, dy, with_dx);
}

static void conv_transpose2d_mirror(const layer *layer, clae_layer_spec *spec) {
    *spec = layer->spec;
    spec->type = layer_conv2d.name;
    spec->out_channels = (unsigned)layer->in.c;
    spec->output_padding_h = spec->output_padding_w = 0;
}

const layer_type layer_conv_transpose2d = {
    .name = "conv_transpose2d",
    .word = "conv_transpose",
    .help = "conv_transpose 32 k5 s2 p1 q1: a transposed convolution; q: output padding, which PyTorch has too",
    .fields = conv_transpose2d_fields,
    .output_shape = conv_transpose2d_output_shape,
    .params = conv_transpose2d_params,
    .multiply_adds = layer_conv_multiply_adds,
    .print = conv_transpose2d_print,
    .emit_forward = conv_transpose2d_emit_forward,
    .emit_backward = conv_transpose2d_emit_backward,
    .mirror = conv_transpose2d_mirror,
};
