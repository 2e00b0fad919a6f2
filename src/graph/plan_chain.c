/* Convolutions in a row into one op, where the device has an implementation that suits. */
#include "graph/plan.h"
#include "ops/conv_chain.h"

/* A chain and the nodes that become its stages. */
typedef struct chain {
    op_desc desc;
    size_t node[CONV_CHAIN_STAGES];
} chain;

static bool touches(const plan_node *node, int tensor, bool outputs_only) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++)
        if (tensor >= 0 && node->operand[k] == tensor && (!outputs_only || op_operand_is_output(node->desc.op, k)))
            return true;
    return false;
}

static bool is_stage(const chain *chain, size_t node) {
    for (int k = 0; k < chain->desc.conv_chain.count; k++)
        if (chain->node[k] == node) return true;
    return false;
}

/* Whether a node may run where the chain begins: those between, but for its stages, write nothing that the node has,
 * and do not have what it writes. */
static bool can_move(const plan_builder *builder, const chain *chain, size_t from) {
    const plan_node *moved = &builder->nodes[from];
    for (size_t i = chain->node[0] + 1; i < from; i++)
        for (int k = 0; k < OP_MAX_OPERANDS && !is_stage(chain, i); k++)
            if (touches(&builder->nodes[i], moved->operand[k], !op_operand_is_output(moved->desc.op, k))) return false;
    return true;
}

/* The next stage's node; node_count: there is none. */
static size_t find_next(const plan_builder *builder, const chain *chain) {
    const int last = chain->desc.conv_chain.count - 1, given = builder->nodes[chain->node[last]].operand[CONV_Y];
    op_desc begun;
    for (size_t i = chain->node[last] + 1; i < builder->node_count; i++) {
        const plan_node *node = &builder->nodes[i];
        if (node->operand[CONV_X] == given && conv_chain_begins(&node->desc, &begun) && begun.op == chain->desc.op)
            return can_move(builder, chain, i) ? i : builder->node_count;
        if (touches(node, given, true)) break;
    }
    return builder->node_count;
}

/* Neither is an implementation forced for it, nor would it be done by matrix units, which chains are not. */
static bool is_free(const clae_device *device, const plan_node *node, const numerics *numerics) {
    const op_impl *impl = op_choose(device, &node->desc, numerics);
    return !op_is_forced(device, node->desc.op, numerics) && impl && !impl->for_tf32;
}

/* The longest that begins with a node. */
static bool find_chain(const plan_builder *builder, clae_device *device, const numerics *numerics, size_t first,
                       chain *chain) {
    if (!conv_chain_begins(&builder->nodes[first].desc, &chain->desc) ||
        !is_free(device, &builder->nodes[first], numerics))
        return false;
    chain->node[0] = first;
    for (size_t next; (next = find_next(builder, chain)) < builder->node_count;) {
        if (!is_free(device, &builder->nodes[next], numerics) ||
            !conv_chain_add(&chain->desc, &builder->nodes[next].desc))
            break;
        chain->node[chain->desc.conv_chain.count - 1] = next;
    }
    while (chain->desc.conv_chain.count > 1 && !op_is_wanted(device, &chain->desc, numerics))
        chain->desc.conv_chain.stage[--chain->desc.conv_chain.count] = (conv_chain_stage_desc){0};
    return chain->desc.conv_chain.count > 1;
}

static void join(plan_builder *builder, const chain *chain) {
    plan_node *node = &builder->nodes[chain->node[0]];
    plan_node joined = {.desc = chain->desc, .layer = node->layer};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) joined.operand[k] = -1;
    for (int k = 0; k < chain->desc.conv_chain.count; k++)
        for (int i = CONV_X; i <= CONV_Y; i++)
            joined.operand[conv_chain_operand(k, i)] = builder->nodes[chain->node[k]].operand[i];
    *node = joined;
    for (int k = chain->desc.conv_chain.count - 1; k > 0; k--) plan_remove_node(builder, chain->node[k]);
}

void plan_chain(plan_builder *builder, clae_device *device, const numerics *numerics) {
    chain chain;
    for (size_t i = 0; i < builder->node_count; i++)
        if (find_chain(builder, device, numerics, i, &chain)) join(builder, &chain);
}
