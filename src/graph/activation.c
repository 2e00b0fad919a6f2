/* A layer type for each row of ops/activations.def. */
#include "graph/layer.h"
#include "graph/plan.h"
#include "ops/activation.h"

#include <stdio.h>

static op_desc activation_desc_of(const layer *layer, op_id op, const plan_builder *builder) {
    return (op_desc){.op = op,
                     .activation = {.activation = activation_find(layer->type->name),
                                    .count = layer_batch_elements(builder, layer->out),
                                    .parameter = (float)layer->spec.value}};
}

static void activation_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = activation_desc_of(layer, OP_activation_fwd, builder);
    io->y = layer_new_tensor(builder, desc.activation.count);
    PLAN_ADD(builder, &desc, io->x, io->y);
}

static int activation_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy,
                                    bool with_dx) {
    if (!with_dx) return -1;
    const op_desc desc = activation_desc_of(layer, OP_activation_bwd, builder);
    const int dx = layer_gradient_over(builder, dy, desc.activation.count);
    PLAN_ADD(builder, &desc, activation_is_from_y(desc.activation.activation) ? io->y : io->x, dy, dx);
    return dx;
}

static void activation_print(const layer *layer, const char *title, char *text, size_t size) {
    if (layer->type->fields)
        snprintf(text, size, "%s(%g)", title, layer->spec.value);
    else
        snprintf(text, size, "%s()", title);
}

#define ACTIVATION(stem, title, usual, from, forward, backward)                                                        \
    static const layer_field activation_fields_##stem[] = {                                                            \
        {"parameter", "", FIELD_REAL, LAYER_FIELD(value), 0, 1e6, usual, NULL},                                        \
        {0},                                                                                                           \
    };                                                                                                                 \
    static void activation_print_##stem(const layer *layer, char *text, size_t size) {                                 \
        activation_print(layer, title, text, size);                                                                    \
    }                                                                                                                  \
    const layer_type layer_##stem = {                                                                                  \
        .name = #stem,                                                                                                 \
        .help = #stem ": an activation, PyTorch's " title,                                                             \
        .fields = (usual) != 0 ? activation_fields_##stem : NULL,                                                      \
        .output_shape = layer_same_shape,                                                                              \
        .print = activation_print_##stem,                                                                              \
        .emit_forward = activation_emit_forward,                                                                       \
        .emit_backward = activation_emit_backward,                                                                     \
    };
#include "ops/activations.def"
#undef ACTIVATION
