/* Ioffe and Szegedy, "Batch normalization", 2015. */
#include "graph/norm_layer.h"
#include "graph/plan.h"

#include <stdio.h>

static void batch_norm_params(layer *layer) {
    norm_params(layer);
    layer->param[2] = (layer_param){"running_mean", 1, {layer->out.c}, INIT_CONSTANT, 0, .is_statistic = true};
    layer->param[3] = (layer_param){"running_var", 1, {layer->out.c}, INIT_CONSTANT, 1, .is_statistic = true};
    layer->param_count = 4;
}

static void batch_norm_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "BatchNorm2d(%zu)", layer->out.c);
}

static void batch_norm_emit_training(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = {.op = OP_batch_norm_train_fwd, .norm = norm_desc_of(layer, builder, 1)};
    for (int k = 0; k < 2; k++) io->saved[k] = layer_new_tensor(builder, layer->out.c);
    PLAN_ADD(builder, &desc, io->x, layer_value(layer, builder, 0), layer_value(layer, builder, 1), io->y, io->saved[0],
             io->saved[1], layer_value(layer, builder, 2), layer_value(layer, builder, 3));
}

static void batch_norm_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    io->y = layer_new_tensor(builder, layer_batch_elements(builder, layer->out));
    if (builder->training) {
        batch_norm_emit_training(layer, builder, io);
        return;
    }
    const op_desc desc = {.op = OP_batch_norm_eval_fwd, .norm = norm_desc_of(layer, builder, 1)};
    PLAN_ADD(builder, &desc, io->x, layer_value(layer, builder, 0), layer_value(layer, builder, 1),
             layer_value(layer, builder, 2), layer_value(layer, builder, 3), io->y);
}

static int batch_norm_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy,
                                    bool with_dx) {
    const norm_desc desc = norm_desc_of(layer, builder, 1);
    return norm_emit_backward(layer, builder, OP_batch_norm_bwd, &desc, io, dy, with_dx);
}

const layer_type layer_batch_norm = {
    .name = "batch_norm",
    .help = "batch_norm: channels get mean 0 and deviation 1 over the batch, then a weight and a bias",
    .normalises_batch = true,
    .output_shape = layer_same_shape,
    .params = batch_norm_params,
    .print = batch_norm_print,
    .emit_forward = batch_norm_emit_forward,
    .emit_backward = batch_norm_emit_backward,
};
