/* Growing lists of nodes and tensors. */
#include "graph/plan.h"

#include <stdlib.h>
#include <string.h>

static bool grow(void **items, size_t count, size_t *capacity, size_t item_bytes) {
    if (count < *capacity) return true;
    const size_t wanted = *capacity ? 2 * *capacity : 64;
    void *grown = realloc(*items, wanted * item_bytes);
    if (!grown) return false;
    *items = grown;
    *capacity = wanted;
    return true;
}

int plan_add_tensor(plan_builder *builder, plan_tensor_kind kind, size_t offset, size_t count) {
    if (builder->out_of_memory ||
        !grow((void **)&builder->tensors, builder->tensor_count, &builder->tensor_capacity, sizeof(plan_tensor))) {
        builder->out_of_memory = true;
        return -1;
    }
    builder->tensors[builder->tensor_count] = (plan_tensor){.kind = kind, .offset = offset, .count = count};
    return (int)builder->tensor_count++;
}

void plan_add_node(plan_builder *builder, const op_desc *desc, const int *operands, size_t count) {
    if (builder->out_of_memory ||
        !grow((void **)&builder->nodes, builder->node_count, &builder->node_capacity, sizeof(plan_node))) {
        builder->out_of_memory = true;
        return;
    }
    plan_node *node = &builder->nodes[builder->node_count++];
    *node = (plan_node){.desc = *desc, .layer = builder->layer ? builder->layer : ""};
    for (size_t k = 0; k < OP_MAX_OPERANDS; k++) node->operand[k] = k < count ? operands[k] : -1;
}

void plan_remove_node(plan_builder *builder, size_t index) {
    builder->node_count--;
    memmove(&builder->nodes[index], &builder->nodes[index + 1], (builder->node_count - index) * sizeof *builder->nodes);
}
