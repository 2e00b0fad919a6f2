/* max_pool2d and avg_pool2d: a layer type for each row of ops/pools.def. */
#include "ops/pool.h"
#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

static const layer_field pool_fields[] = {
    {"kernel", "", FIELD_PAIR, LAYER_FIELD(kernel_h), 1, LAYER_MAX_KERNEL, NAN, NULL},
    {"stride", "s", FIELD_PAIR, LAYER_FIELD(stride_h), 1, LAYER_MAX_KERNEL, 1, "kernel"},
    {"padding", "p", FIELD_PAIR, LAYER_FIELD(padding_h), 0, LAYER_MAX_KERNEL, 0, NULL},
    {0},
};

static clae_status pool_size(const clae_context *context, const char *axis, size_t in, unsigned kernel, unsigned stride,
                             unsigned padding, size_t *out) {
    if (padding > kernel / 2)
        return fail(context, CLAE_ERROR_INPUT, "padding %u, can be half of the kernel %u at most", padding, kernel);
    if (in + 2 * (size_t)padding < kernel)
        return fail(context, CLAE_ERROR_INPUT, "%s %zu with padding %u is smaller than the kernel %u", axis, in,
                    padding, kernel);
    *out = (in + 2 * (size_t)padding - kernel) / stride + 1;
    return CLAE_OK;
}

static clae_status pool_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                     clae_shape *out) {
    out->c = in.c;
    clae_status status = pool_size(context, "height", in.h, spec->kernel_h, spec->stride_h, spec->padding_h, &out->h);
    if (status == CLAE_OK)
        status = pool_size(context, "width", in.w, spec->kernel_w, spec->stride_w, spec->padding_w, &out->w);
    return status;
}

static op_desc pool_desc_of(const layer *layer, op_id op, pool_id pool, const plan_builder *builder) {
    return (op_desc){.op = op, .pool = {pool, layer_conv_geometry(layer, builder->n)}};
}

static void pool_emit_forward(const layer *layer, plan_builder *builder, layer_io *io, pool_id pool) {
    const op_desc desc = pool_desc_of(layer, OP_pool2d_fwd, pool, builder);
    io->y = layer_new_tensor(builder, layer_batch_elements(builder, layer->out));
    PLAN_ADD(builder, &desc, io->x, io->y);
}

static int pool_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx,
                              pool_id pool) {
    if (!with_dx) return -1;
    const op_desc desc = pool_desc_of(layer, OP_pool2d_bwd, pool, builder);
    const int dx = layer_new_tensor(builder, layer_batch_elements(builder, layer->in));
    PLAN_ADD(builder, &desc, pool_kind_of(pool)->picks ? io->x : -1, dy, dx);
    return dx;
}

static void pool_print(const layer *layer, const char *name, char *text, size_t size) {
    const clae_layer_spec *s = &layer->spec;
    snprintf(text, size, "%c%sPool2d(kernel_size=(%u, %u), stride=(%u, %u), padding=(%u, %u))", toupper(name[0]),
             name + 1, s->kernel_h, s->kernel_w, s->stride_h, s->stride_w, s->padding_h, s->padding_w);
}

/* By pixels that are repeated: by a factor where that gives the size. */
static void pool_mirror(const layer *layer, clae_layer_spec *spec) {
    const clae_shape in = layer->in, out = layer->out;
    *spec = (clae_layer_spec){.type = "upsample_nearest"};
    if (in.h % out.h == 0 && in.w % out.w == 0) {
        spec->stride_h = (unsigned)(in.h / out.h);
        spec->stride_w = (unsigned)(in.w / out.w);
    } else {
        spec->size_h = (unsigned)in.h;
        spec->size_w = (unsigned)in.w;
    }
}

#define POOL(stem, start, joined, scale, picks)                                                                        \
    static void pool_emit_forward_##stem(const layer *layer, plan_builder *builder, layer_io *io) {                    \
        pool_emit_forward(layer, builder, io, POOL_##stem);                                                            \
    }                                                                                                                  \
    static int pool_emit_backward_##stem(const layer *layer, plan_builder *builder, const layer_io *io, int dy,        \
                                         bool with_dx) {                                                               \
        return pool_emit_backward(layer, builder, io, dy, with_dx, POOL_##stem);                                       \
    }                                                                                                                  \
    static void pool_print_##stem(const layer *layer, char *text, size_t size) {                                       \
        pool_print(layer, #stem, text, size);                                                                          \
    }                                                                                                                  \
    const layer_type layer_##stem##_pool2d = {                                                                         \
        .name = #stem "_pool2d",                                                                                       \
        .word = #stem "_pool",                                                                                         \
        .help = #stem                                                                                                  \
        "_pool 2: the " #stem " of each window of 2x2; s: the stride, the window's size if left out; p: padding",      \
        .fields = pool_fields,                                                                                         \
        .output_shape = pool_output_shape,                                                                             \
        .print = pool_print_##stem,                                                                                    \
        .emit_forward = pool_emit_forward_##stem,                                                                      \
        .emit_backward = pool_emit_backward_##stem,                                                                    \
        .mirror = pool_mirror,                                                                                         \
    };
#include "ops/pools.def"
#undef POOL
