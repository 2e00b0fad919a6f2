#include "base/context.h"
#include "graph/layer.h"
#include "graph/plan.h"

#include <stdio.h>

static const layer_field prelu_fields[] = {
    {"one_slope", "shared", FIELD_FLAG, LAYER_FIELD(one_slope), 0, 1, 0, NULL},
    {0},
};

static void prelu_params(layer *layer) {
    const size_t slopes = layer->spec.one_slope ? 1 : layer->out.c;
    layer->param[0] = (layer_param){"weight", 1, {slopes}, INIT_CONSTANT, 0.25};
    layer->param_count = 1;
}

static op_desc prelu_desc_of(const layer *layer, op_id op, const plan_builder *builder) {
    const size_t count = layer_batch_elements(builder, layer->out), channels = layer->out.c;
    return (op_desc){.op = op, .prelu = {count / channels, channels, layer->spec.one_slope}};
}

static void prelu_print(const layer *layer, char *text, size_t size) {
    snprintf(text, size, "PReLU(num_parameters=%zu)", layer->param[0].count);
}

static void prelu_emit_forward(const layer *layer, plan_builder *builder, layer_io *io) {
    const op_desc desc = prelu_desc_of(layer, OP_prelu_fwd, builder);
    io->y = layer_new_tensor(builder, layer_batch_elements(builder, layer->out));
    PLAN_ADD(builder, &desc, io->x, layer_value(layer, builder, 0), io->y);
}

/* The slope's gradient is wanted, whether that of x is or not. */
static int prelu_emit_backward(const layer *layer, plan_builder *builder, const layer_io *io, int dy, bool with_dx) {
    const op_desc desc = prelu_desc_of(layer, OP_prelu_bwd, builder);
    const int dx = layer_gradient_over(builder, dy, layer_batch_elements(builder, layer->out));
    PLAN_ADD(builder, &desc, io->x, dy, layer_value(layer, builder, 0), dx, layer_gradient(layer, builder, 0));
    return with_dx ? dx : -1;
}

const layer_type layer_prelu = {
    .name = "prelu",
    .help = "prelu: as leaky_relu with trained slopes, one for each channel; shared: one for all",
    .fields = prelu_fields,
    .output_shape = layer_same_shape,
    .params = prelu_params,
    .print = prelu_print,
    .emit_forward = prelu_emit_forward,
    .emit_backward = prelu_emit_backward,
};
