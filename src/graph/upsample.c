/* upsample_nearest and upsample_bilinear, as PyTorch's Upsample with align_corners=False. */
#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static const layer_field upsample_fields[] = {
    {"factor", "", FIELD_PAIR, LAYER_FIELD(stride_h), 0, LAYER_MAX_SIDE, 0, NULL},
    {"size", "to", FIELD_PAIR, LAYER_FIELD(size_h), 0, LAYER_MAX_SIDE, 0, NULL},
    {0},
};

static clae_status upsample_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                         clae_shape *out) {
    const bool by_factor = spec->stride_h > 0 && spec->stride_w > 0, to_size = spec->size_h > 0 && spec->size_w > 0;
    if (by_factor == to_size)
        return fail(context, CLAE_ERROR_INPUT,
                    "factor %ux%u and size %ux%u: one of them must say how large the output is, like 2 or to28x28",
                    spec->stride_h, spec->stride_w, spec->size_h, spec->size_w);
    *out = (clae_shape){in.c, by_factor ? in.h * spec->stride_h : spec->size_h,
                        by_factor ? in.w * spec->stride_w : spec->size_w};
    return CLAE_OK;
}

static op_desc upsample_desc_of(const layer *layer, op_id op, const plan_builder *builder) {
    return (op_desc){.op = op,
                     .upsample = {.bilinear = layer->type == &layer_upsample_bilinear,
                                  .n = builder->n,
                                  .in_h = (int)layer->in.h,
                                  .in_w = (int)layer->in.w,
                                  .channels = (int)layer->in.c,
                                  .out_h = (int)layer->out.h,
                                  .out_w = (int)layer->out.w}};
}

static void upsample_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = upsample_desc_of(layer, OP_upsample2d_fwd, builder);
    io->y = layer_new_tensor(builder, layer_batch_elements(builder, layer->out));
    PLAN_ADD(builder, &desc, io->x, io->y);
}

static int upsample_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    (void)io;
    if (!with_dx) return -1;
    const op_desc desc = upsample_desc_of(layer, OP_upsample2d_bwd, builder);
    const int dx = layer_new_tensor(builder, layer_batch_elements(builder, layer->in));
    PLAN_ADD(builder, &desc, dy, dx);
    return dx;
}

static void upsample_print(const layer *layer, char *text, size_t size) {
    const char *const mode = layer->type == &layer_upsample_bilinear ? "bilinear" : "nearest";
    snprintf(text, size, "Upsample(size=(%zu, %zu), mode='%s')", layer->out.h, layer->out.w, mode);
}

/* The stride and the kernel of windows that make `few` of `many`; false where there are none. */
static bool upsample_windows(size_t many, size_t few, unsigned *stride, unsigned *kernel) {
    *stride = (unsigned)(many / few);
    *kernel = (unsigned)(many - (few - 1) * *stride);
    return *stride > 0 && *kernel <= LAYER_MAX_KERNEL;
}

/* Windows of the factor's size become one pixel again. What was made smaller is repeated. */
static void upsample_mirror(const layer *layer, clae_layer_spec *spec) {
    const clae_shape in = layer->in, out = layer->out;
    *spec = (clae_layer_spec){.type = layer_avg_pool2d.name};
    if (upsample_windows(out.h, in.h, &spec->stride_h, &spec->kernel_h) &&
        upsample_windows(out.w, in.w, &spec->stride_w, &spec->kernel_w))
        return;
    *spec = (clae_layer_spec){.type = layer_upsample_nearest.name, .size_h = (unsigned)in.h, .size_w = (unsigned)in.w};
}

const layer_type layer_upsample_nearest = {
    .name = "upsample_nearest",
    .help = "upsample_nearest 2: pixels repeated; to28x28: up to that size",
    .fields = upsample_fields,
    .output_shape = upsample_output_shape,
    .print = upsample_print,
    .emit_forward = upsample_emit_forward,
    .emit_backward = upsample_emit_backward,
    .mirror = upsample_mirror,
};

const layer_type layer_upsample_bilinear = {
    .name = "upsample_bilinear",
    .help = "upsample_bilinear 2: pixels between others by linear interpolation; to28x28: up to that size",
    .fields = upsample_fields,
    .output_shape = upsample_output_shape,
    .print = upsample_print,
    .emit_forward = upsample_emit_forward,
    .emit_backward = upsample_emit_backward,
    .mirror = upsample_mirror,
};
