#include "graph/norm_layer.h"
#include "graph/plan.h"

#define NORM_EPSILON 1e-5
#define NORM_MOMENTUM 0.1 /* of running statistics, as PyTorch's */

void norm_params(layer *layer) {
    layer->param[0] = (layer_param){"weight", 1, {layer->out.c}, INIT_CONSTANT, 1};
    layer->param[1] = (layer_param){"bias", 1, {layer->out.c}, INIT_CONSTANT, 0};
    layer->param_count = 2;
}

norm_desc norm_desc_of(const layer *layer, const plan_builder *builder, size_t groups) {
    return (norm_desc){.images = (size_t)builder->n,
                       .pixels = layer->out.h * layer->out.w,
                       .channels = layer->out.c,
                       .groups = groups,
                       .epsilon = NORM_EPSILON,
                       .momentum = NORM_MOMENTUM};
}

/* The gradients of weight and bias are wanted, whether that of x is or not. */
int norm_emit_backward(const layer *layer, plan_builder *builder, op_id bwd, const norm_desc *desc, const layer_io *io,
                       int dy, bool with_dx) {
    const op_desc op = {.op = bwd, .norm = *desc};
    const int dx = layer_gradient_over(builder, dy, layer_batch_elements(builder, layer->out));
    PLAN_ADD(builder, &op, dy, io->x, layer_value(layer, builder, 0), io->saved[0], io->saved[1], dx,
             layer_gradient(layer, builder, 0), layer_gradient(layer, builder, 1));
    return with_dx ? dx : -1;
}
