/* flatten and unflatten keep PyTorch's numbers of layers: `linear` takes and gives images of any shape by itself. */
#include "graph/layer.h"

#include <stdio.h>

static void flatten_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "Flatten(%zux%zux%zu)", layer->in.c, layer->in.h, layer->in.w);
}

static void unflatten_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "Unflatten(%zux%zux%zu)", layer->in.c, layer->in.h, layer->in.w);
}

static void flatten_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    (void)layer, (void)builder;
    io->y = io->x;
}

static int flatten_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    (void)layer, (void)builder, (void)io;
    return with_dx ? dy : -1;
}

const layer_type layer_flatten = {
    .name = "flatten",
    .help = "flatten: nothing, as linear flattens by itself; it counts as a layer where PyTorch's network has it",
    .output_shape = layer_same_shape,
    .print = flatten_print,
    .emit_forward = flatten_emit_forward,
    .emit_backward = flatten_emit_backward,
};

const layer_type layer_unflatten = {
    .name = "unflatten",
    .help = "unflatten: nothing, behind a linear 64x4x4; it counts as a layer where PyTorch's network has it",
    .output_shape = layer_same_shape,
    .print = unflatten_print,
    .emit_forward = flatten_emit_forward,
    .emit_backward = flatten_emit_backward,
};
