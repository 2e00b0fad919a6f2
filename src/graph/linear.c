/* Fully connected layers: convolutions of 1x1 over one pixel that has all elements as its channels. Images are
 * [h][w][c] here and [c][h][w] in PyTorch's flatten and unflatten: the weights are read in another order. */
#include "graph/layer.h"
#include "graph/plan.h"

#include <math.h>
#include <stdio.h>

static const layer_field linear_fields[] = {
    {"out_shape", "", FIELD_SHAPE, LAYER_FIELD(out_shape), 1, LAYER_MAX_CHANNELS, NAN, NULL},
    {"no_bias", "nobias", FIELD_FLAG, LAYER_FIELD(no_bias), 0, 1, 0, NULL},
    {0},
};

static clae_status linear_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                       clae_shape *out) {
    (void)context, (void)in;
    *out = (clae_shape){spec->out_shape[0], spec->out_shape[1], spec->out_shape[2]};
    return CLAE_OK;
}

/* PyTorch: [out][in], each of them [c][h][w]. */
static void linear_params(layer *layer) {
    const size_t in_c = layer->in.c, in_pixels = layer->in.h * layer->in.w, in = in_c * in_pixels;
    const size_t out_c = layer->out.c, out_pixels = layer->out.h * layer->out.w, out = out_c * out_pixels;
    const double bound = 1.0 / sqrt((double)in);
    layer->param[0] = (layer_param){"weight", 2, {out, in}, INIT_UNIFORM, bound};
    layer->param[1] = (layer_param){"bias", 1, {out}, INIT_UNIFORM, bound};
    layer->param[0].layout = (param_layout){{out_c, out_pixels, in_c, in_pixels}, {1, out_c, out, out * in_c}};
    layer->param[1].layout = (param_layout){{out_c, out_pixels, 1, 1}, {1, out_c, 1, 1}};
    layer->param_count = layer->spec.no_bias ? 1 : 2;
}

static uint64_t linear_multiply_adds(const layer *layer) {
    return (uint64_t)shape_elements(layer->in) * shape_elements(layer->out);
}

static void linear_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "Linear(in_features=%zu, out_features=%zu, bias=%s)", shape_elements(layer->in),
             shape_elements(layer->out), layer->spec.no_bias ? "False" : "True");
}

static conv_geometry linear_geometry(const layer *layer, int n) {
    return (conv_geometry){.n = n,
                           .wide_h = 1,
                           .wide_w = 1,
                           .wide_c = (int)shape_elements(layer->in),
                           .narrow_h = 1,
                           .narrow_w = 1,
                           .narrow_c = (int)shape_elements(layer->out),
                           .kh = 1,
                           .kw = 1,
                           .sh = 1,
                           .sw = 1};
}

static void linear_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y = layer_emit_conv_forward(layer, builder, OP_conv2d_fwd, linear_geometry(layer, builder->n), io->x);
}

static int linear_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    return layer_emit_conv_backward(layer, builder, OP_conv2d_bwd_data, OP_conv2d_bwd_weights,
                                    linear_geometry(layer, builder->n), io->x, dy, with_dx);
}

static void linear_mirror(const layer *layer, clae_layer_spec *spec) {
    *spec = layer->spec;
    spec->out_shape[0] = (unsigned)layer->in.c;
    spec->out_shape[1] = (unsigned)layer->in.h;
    spec->out_shape[2] = (unsigned)layer->in.w;
}

const layer_type layer_linear = {
    .name = "linear",
    .help = "linear 128: every output is a weighted sum of all inputs; linear 64x4x4 gives 64 channels of 4x4",
    .fields = linear_fields,
    .output_shape = linear_output_shape,
    .params = linear_params,
    .multiply_adds = linear_multiply_adds,
    .print = linear_print,
    .emit_forward = linear_emit_forward,
    .emit_backward = linear_emit_backward,
    .mirror = linear_mirror,
};
