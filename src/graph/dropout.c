#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static const layer_field dropout_fields[] = {
    {"p", "", FIELD_REAL, LAYER_FIELD(value), 0, 0.99, 0.5, NULL},
    {0},
};

static void dropout_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "Dropout(p=%g)", layer->spec.value);
}

static op_desc dropout_desc_of(const layer *layer, const plan_builder *builder) {
    return (op_desc){.op = OP_dropout,
                     .dropout = {layer_batch_elements(builder, layer->out), (float)layer->spec.value, layer->index,
                                 shape_elements(layer->out)}};
}

/* Nothing is dropped but in training. */
static void dropout_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y = io->x;
    if (!builder->training) return;
    const op_desc desc = dropout_desc_of(layer, builder);
    io->y = layer_new_tensor(builder, desc.dropout.count);
    PLAN_ADD(builder, &desc, io->x, io->y);
}

static int dropout_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    (void)io;
    if (!with_dx) return -1;
    const op_desc desc = dropout_desc_of(layer, builder);
    const int dx = layer_gradient_over(builder, dy, desc.dropout.count);
    PLAN_ADD(builder, &desc, dy, dx);
    return dx;
}

const layer_type layer_dropout = {
    .name = "dropout",
    .help = "dropout 0.1: in training a tenth of the elements is 0, others are divided by 0.9",
    .fields = dropout_fields,
    .output_shape = layer_same_shape,
    .print = dropout_print,
    .emit_forward = dropout_emit_forward,
    .emit_backward = dropout_emit_backward,
};
