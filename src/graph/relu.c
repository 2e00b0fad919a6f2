#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static clae_status relu_output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                     clae_shape *out) {
    (void)context, (void)spec;
    *out = in;
    return CLAE_OK;
}

static void relu_print(const layer *layer, char *text, size_t size) {
    (void)layer;
    snprintf(text, size, "ReLU (inplace)");
}

static op_desc relu_desc_of(const layer *layer, op_id op, const plan_builder *builder) {
    return (op_desc){
        .op = op,
        .activation = {.activation = ACTIVATION_relu, .count = layer_batch_elements(builder, layer->out)}};
}

static void relu_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = relu_desc_of(layer, OP_activation_fwd, builder);
    io->y = layer_new_tensor(builder, desc.activation.count);
    PLAN_ADD(builder, &desc, io->x, io->y);
}

static int relu_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    if (!with_dx) return -1;
    const op_desc desc = relu_desc_of(layer, OP_activation_bwd, builder);
    PLAN_ADD(builder, &desc, io->y, dy, dy);
    return dy;
}

const layer_type layer_relu = {
    .name = "relu",
    .help = "relu: max(x, 0)",
    .output_shape = relu_output_shape,
    .print = relu_print,
    .emit_forward = relu_emit_forward,
    .emit_backward = relu_emit_backward,
};
