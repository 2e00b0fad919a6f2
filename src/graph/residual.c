/* A block whose input is added to its output (He et al., "Deep residual learning for image recognition", 2016): the
 * layer stands behind its body and has two inputs. model.c gives it the body's output as `in`. */
#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static void residual_print(const layer *layer, char *text, size_t size) {
    (void)layer;
    snprintf(text, size, "Residual");
}

static void residual_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = {.op = OP_add, .add.count = layer_batch_elements(builder, layer->out)};
    io->y = layer_new_tensor(builder, desc.add.count);
    PLAN_ADD(builder, &desc, io->x, io->skip, io->y);
}

/* Both inputs have the gradient dy; plan.c adds it to that of the body's input. */
static int residual_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    (void)layer, (void)builder, (void)io;
    return with_dx ? dy : -1;
}

static void residual_mirror(const layer *layer, clae_layer_spec *spec) {
    *spec = layer->spec;
}

const layer_type layer_residual = {
    .name = "residual",
    .help = "residual(conv 32 k3 p1, relu, conv 32 k3 p1): adds the block's input to its output; both have one shape",
    .has_body = true,
    .output_shape = layer_same_shape,
    .print = residual_print,
    .emit_forward = residual_emit_forward,
    .emit_backward = residual_emit_backward,
    .mirror = residual_mirror,
};
