#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static clae_status output_shape(const clae_context *context, const clae_layer_spec *spec, clae_shape in,
                                clae_shape *out) {
    (void)context, (void)spec;
    *out = in;
    return CLAE_OK;
}

static uint64_t multiply_adds(const layer *layer) {
    (void)layer;
    return 0;
}

static void print(const layer *layer, char *text, size_t size) {
    (void)layer;
    snprintf(text, size, "ReLU (inplace)");
}

static op_desc relu_desc_of(const layer *layer, op_id op, const plan_builder *builder) {
    return (op_desc){.op = op, .relu.count = (size_t)builder->n * shape_elements(layer->out)};
}

static int emit_forward(const layer *layer, plan_builder *builder, int x) {
    const op_desc desc = relu_desc_of(layer, OP_relu_fwd, builder);
    const int y = plan_add_tensor(builder, TENSOR_ARENA, 0, desc.relu.count);
    PLAN_ADD(builder, &desc, x, y);
    return y;
}

static int emit_backward(const layer *layer, plan_builder *builder, int x, int y, int dy, bool with_dx) {
    (void)x;
    if (!with_dx) return -1;
    const op_desc desc = relu_desc_of(layer, OP_relu_bwd, builder);
    PLAN_ADD(builder, &desc, y, dy);
    return dy;
}

const layer_type layer_relu = {
    .name = "relu",
    .output_shape = output_shape,
    .multiply_adds = multiply_adds,
    .print = print,
    .emit_forward = emit_forward,
    .emit_backward = emit_backward,
};
