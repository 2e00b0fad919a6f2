/* Bias and activation into the ops before them, where the implementation that will be taken can do it. */
#include "graph/plan.h"
#include "ops/activation.h"
#include "ops/op_kind.h"

static size_t uses(const plan_builder *builder, int tensor) {
    size_t count = 0;
    for (size_t i = 0; i < builder->node_count; i++)
        for (int k = 0; k < OP_MAX_OPERANDS; k++) count += builder->nodes[i].operand[k] == tensor;
    return count;
}

static bool is_fwd(op_id op) {
    return op == OP_conv2d_fwd || op == OP_conv_transpose2d_fwd;
}
static bool is_bwd_data(op_id op) {
    return op == OP_conv2d_bwd_data || op == OP_conv_transpose2d_bwd_data;
}
static bool is_bwd_weights(op_id op) {
    return op == OP_conv2d_bwd_weights || op == OP_conv_transpose2d_bwd_weights;
}

/* Nothing else takes what the activation gets. */
static bool fuse_activation(const plan_builder *builder, const plan_node *node, const plan_node *next,
                            plan_node *fused) {
    const op_activated *activated = &op_kind_of(node->desc.op)->activated;
    activation_id *activation = (activation_id *)((char *)&fused->desc + activated->activation);
    int *y = &fused->operand[activated->output];
    if (activated->activation == 0 || *activation || next->desc.op != OP_activation_fwd ||
        next->operand[ACTIVATION_FWD_X] != *y || uses(builder, *y) != 2)
        return false;
    *activation = next->desc.activation.activation;
    *y = next->operand[ACTIVATION_FWD_Y];
    return true;
}

/* What node and its successor make together; false when that is nothing. */
static bool fused_node(const plan_builder *builder, const plan_node *node, const plan_node *next, plan_node *fused) {
    const op_id op = node->desc.op;
    *fused = *node;
    if (is_fwd(op) && next->desc.op == OP_bias && next->operand[BIAS_Y] == node->operand[CONV_Y] &&
        !node->desc.conv.activation) {
        fused->desc.conv.with_bias = true;
        fused->operand[CONV_BIAS] = next->operand[BIAS_BIAS];
        return true;
    }
    if (is_bwd_data(op) && next->desc.op == OP_activation_bwd && !node->desc.conv.activation &&
        next->operand[ACTIVATION_BWD_DY] == node->operand[CONV_BWD_DATA_DX] &&
        next->operand[ACTIVATION_BWD_DX] == node->operand[CONV_BWD_DATA_DX] &&
        activation_is_from_y(next->desc.activation.activation)) {
        fused->desc.conv.activation = next->desc.activation.activation;
        fused->operand[CONV_BWD_DATA_MASK] = next->operand[ACTIVATION_BWD_FROM];
        return true;
    }
    if (is_bwd_weights(op) && next->desc.op == OP_reduce_sum &&
        next->operand[REDUCE_SUM_X] == node->operand[CONV_BWD_WEIGHTS_DY]) {
        fused->desc.conv.with_bias = true;
        fused->operand[CONV_BWD_WEIGHTS_DBIAS] = next->operand[REDUCE_SUM_Y];
        return true;
    }
    return fuse_activation(builder, node, next, fused);
}

void plan_fuse(plan_builder *builder, clae_device *device, const numerics *numerics) {
    for (size_t i = 0; i + 1 < builder->node_count;) {
        plan_node fused;
        if (fused_node(builder, &builder->nodes[i], &builder->nodes[i + 1], &fused) &&
            op_can_fuse(device, &builder->nodes[i].desc, &fused.desc, numerics)) {
            builder->nodes[i] = fused;
            plan_remove_node(builder, i + 1);
        } else {
            i++;
        }
    }
}
