/* pixel_shuffle, as PyTorch's (Shi et al., "Real-time single image and video super-resolution", 2016), and its inverse. */
#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <math.h>
#include <stdio.h>

static const layer_field pixel_shuffle_fields[] = {
    {"factor", "", FIELD_COUNT, LAYER_FIELD(stride_h), 1, 256, NAN, NULL},
    {0},
};

static bool is_inverse(const layer *layer) {
    return layer->type == &layer_pixel_unshuffle;
}

static clae_status pixel_shuffle_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                              clae_shape *out) {
    const size_t r = spec->stride_h;
    if (in.c % (r * r) != 0)
        return fail(context, CLAE_ERROR_INPUT, "%zu channels, must be a multiple of %zu x %zu", in.c, r, r);
    *out = (clae_shape){in.c / (r * r), in.h * r, in.w * r};
    return CLAE_OK;
}

static clae_status pixel_unshuffle_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                                clae_shape *out) {
    const size_t r = spec->stride_h;
    if (in.h % r != 0 || in.w % r != 0)
        return fail(context, CLAE_ERROR_INPUT, "height %zu and width %zu, must be multiples of %zu", in.h, in.w, r);
    *out = (clae_shape){in.c * r * r, in.h / r, in.w / r};
    return CLAE_OK;
}

/* The side with fewer pixels has more channels. */
static pixel_shuffle_desc pixel_shuffle_desc_of(const layer *layer, const plan_builder *builder) {
    const clae_shape few = is_inverse(layer) ? layer->out : layer->in, many = is_inverse(layer) ? layer->in : layer->out;
    return (pixel_shuffle_desc){.n = builder->n,
                                .h = (int)few.h,
                                .w = (int)few.w,
                                .channels = (int)many.c,
                                .factor = (int)layer->spec.stride_h};
}

static int pixel_shuffle_emit(const layer *layer, plan_builder *builder, op_id op, int from, clae_shape to_shape) {
    const op_desc desc = {.op = op, .pixel_shuffle = pixel_shuffle_desc_of(layer, builder)};
    const int to = layer_new_tensor(builder, layer_batch_elements(builder, to_shape));
    PLAN_ADD(builder, &desc, from, to);
    return to;
}

static void pixel_shuffle_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y = pixel_shuffle_emit(layer, builder, is_inverse(layer) ? OP_pixel_shuffle_bwd : OP_pixel_shuffle_fwd, io->x,
                               layer->out);
}

static int pixel_shuffle_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy,
                                       bool with_dx) {
    (void)io;
    if (!with_dx) return -1;
    return pixel_shuffle_emit(layer, builder, is_inverse(layer) ? OP_pixel_shuffle_fwd : OP_pixel_shuffle_bwd, dy,
                              layer->in);
}

static void pixel_shuffle_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "%s(%u)", is_inverse(layer) ? "PixelUnshuffle" : "PixelShuffle", layer->spec.stride_h);
}

static void pixel_shuffle_mirror(const layer *layer, clae_layer_spec *spec) {
    *spec = layer->spec;
    spec->type = is_inverse(layer) ? layer_pixel_shuffle.name : layer_pixel_unshuffle.name;
}

const layer_type layer_pixel_shuffle = {
    .name = "pixel_shuffle",
    .help = "pixel_shuffle 2: groups of 2x2 channels become 2x2 pixels",
    .fields = pixel_shuffle_fields,
    .output_shape = pixel_shuffle_output_shape,
    .print = pixel_shuffle_print,
    .emit_forward = pixel_shuffle_emit_forward,
    .emit_backward = pixel_shuffle_emit_backward,
    .mirror = pixel_shuffle_mirror,
};

const layer_type layer_pixel_unshuffle = {
    .name = "pixel_unshuffle",
    .help = "pixel_unshuffle 2: 2x2 pixels become groups of 2x2 channels",
    .fields = pixel_shuffle_fields,
    .output_shape = pixel_unshuffle_output_shape,
    .print = pixel_shuffle_print,
    .emit_forward = pixel_shuffle_emit_forward,
    .emit_backward = pixel_shuffle_emit_backward,
    .mirror = pixel_shuffle_mirror,
};
