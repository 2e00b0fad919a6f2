/* Wu and He, "Group normalization", 2018. */
#include "base/context.h"
#include "graph/norm_layer.h"
#include "graph/plan.h"

#include <math.h>
#include <stdio.h>

static const layer_field group_norm_fields[] = {
    {"groups", "", FIELD_COUNT, LAYER_FIELD(groups), 1, LAYER_MAX_CHANNELS, NAN, NULL},
    {0},
};

static clae_status group_norm_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                           clae_shape *out) {
    if (in.c % spec->groups != 0)
        return fail(context, CLAE_ERROR_INPUT, "%u groups do not divide %zu channels", spec->groups, in.c);
    return layer_same_shape(context, spec, in, out);
}

static void group_norm_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "GroupNorm(%u, %zu)", layer->spec.groups, layer->out.c);
}

static void group_norm_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = {.op = OP_group_norm_fwd, .norm = norm_desc_of(layer, builder, layer->spec.groups)};
    io->y = layer_new_tensor(builder, layer_batch_elements(builder, layer->out));
    for (int k = 0; k < 2; k++) io->saved[k] = layer_new_tensor(builder, (size_t)builder->n * layer->spec.groups);
    PLAN_ADD(builder, &desc, io->x, layer_value(layer, builder, 0), layer_value(layer, builder, 1), io->y, io->saved[0],
             io->saved[1]);
}

static int group_norm_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy,
                                    bool with_dx) {
    const norm_desc desc = norm_desc_of(layer, builder, layer->spec.groups);
    return norm_emit_backward(layer, builder, OP_group_norm_bwd, &desc, io, dy, with_dx);
}

const layer_type layer_group_norm = {
    .name = "group_norm",
    .help = "group_norm 8: as batch_norm, but over 8 groups of the channels of each image; 1: all of them",
    .fields = group_norm_fields,
    .output_shape = group_norm_output_shape,
    .params = norm_params,
    .print = group_norm_print,
    .emit_forward = group_norm_emit_forward,
    .emit_backward = group_norm_emit_backward,
};
