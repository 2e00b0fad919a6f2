#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <math.h>

static const layer_field conv2d_fields[] = {
    {"out_channels", "", FIELD_COUNT, LAYER_FIELD(out_channels), 1, LAYER_MAX_CHANNELS, NAN, NULL},
    {"kernel", "k", FIELD_PAIR, LAYER_FIELD(kernel_h), 1, LAYER_MAX_KERNEL, NAN, NULL},
    {"stride", "s", FIELD_PAIR, LAYER_FIELD(stride_h), 1, LAYER_MAX_KERNEL, 1, NULL},
    {"padding", "p", FIELD_PAIR, LAYER_FIELD(padding_h), 0, LAYER_MAX_KERNEL, 0, NULL},
    {"output_padding", NULL, FIELD_PAIR, LAYER_FIELD(output_padding_h), 0, 0, 0, NULL}, /* in files, always 0 */
    {"no_bias", "nobias", FIELD_FLAG, LAYER_FIELD(no_bias), 0, 1, 0, NULL},
    {0},
};

static clae_status conv2d_size(const clae_context *context, const char *axis, size_t in, unsigned kernel,
                               unsigned stride, unsigned padding, size_t *out) {
    if (padding >= kernel)
        return fail(context, CLAE_ERROR_INPUT, "padding %u, must be less than the kernel %u", padding, kernel);
    if (in + 2 * (size_t)padding < kernel)
        return fail(context, CLAE_ERROR_INPUT, "%s %zu with padding %u is smaller than the kernel %u", axis, in,
                    padding, kernel);
    *out = (in + 2 * (size_t)padding - kernel) / stride + 1;
    return CLAE_OK;
}

static clae_status conv2d_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                       clae_shape *out) {
    clae_status status = conv2d_size(context, "height", in.h, spec->kernel_h, spec->stride_h, spec->padding_h, &out->h);
    if (status == CLAE_OK)
        status = conv2d_size(context, "width", in.w, spec->kernel_w, spec->stride_w, spec->padding_w, &out->w);
    out->c = spec->out_channels;
    return status;
}

/* PyTorch: [out][in][kh][kw]. */
static void conv2d_params(layer *layer) {
    const size_t shape[4] = {layer->out.c, layer->in.c, layer->spec.kernel_h, layer->spec.kernel_w};
    layer_conv_params(layer, shape, shape[1] * shape[2] * shape[3]);
    layer->param[0].layout =
        (param_layout){{shape[0], shape[1], shape[2] * shape[3], 1}, {1, shape[0], shape[0] * shape[1], 1}};
}

static void conv2d_print(const layer *layer, char *text, size_t size) {
    layer_conv_print(layer, "Conv2d", text, size);
}

static void conv2d_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y = layer_emit_conv_forward(layer, builder, OP_conv2d_fwd, layer_conv_geometry(layer, builder->n), io->x);
}

static int conv2d_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    return layer_emit_conv_backward(layer, builder, OP_conv2d_bwd_data, OP_conv2d_bwd_weights,
                                    layer_conv_geometry(layer, builder->n), io->x, dy, with_dx);
}

static void conv2d_mirror(const layer *layer, clae_layer_spec *spec) {
    const clae_layer_spec *s = &layer->spec;
    *spec = *s;
    spec->type = layer_conv_transpose2d.name;
    spec->out_channels = (unsigned)layer->in.c;
    spec->output_padding_h =
        (unsigned)(layer->in.h + 2 * s->padding_h - (layer->out.h - 1) * s->stride_h - s->kernel_h);
    spec->output_padding_w =
        (unsigned)(layer->in.w + 2 * s->padding_w - (layer->out.w - 1) * s->stride_w - s->kernel_w);
}

const layer_type layer_conv2d = {
    .name = "conv2d",
    .word = "conv",
    .help = "conv 32 k5 s2 p1: a convolution to 32 channels, kernel 5x5 (k3x5: 3 high, 5 wide), stride 2, padding 1; "
            "nobias: without a bias",
    .fields = conv2d_fields,
    .output_shape = conv2d_output_shape,
    .params = conv2d_params,
    .multiply_adds = layer_conv_multiply_adds,
    .print = conv2d_print,
    .emit_forward = conv2d_emit_forward,
    .emit_backward = conv2d_emit_backward,
    .mirror = conv2d_mirror,
};
