/* What layers ask of a plan. */
#include "graph/layer.h"
#include "graph/plan.h"

size_t layer_batch_elements(const plan_builder *builder, clae_shape shape) {
    return (size_t)builder->n * shape_elements(shape);
}

int layer_new_tensor(plan_builder *builder, size_t count) {
    return plan_add_tensor(builder, TENSOR_ARENA, 0, count);
}

int layer_value(const layer *layer, plan_builder *builder, size_t param) {
    return plan_add_tensor(builder, TENSOR_VALUE, layer->param[param].offset, layer->param[param].count);
}

int layer_gradient(const layer *layer, plan_builder *builder, size_t param) {
    return plan_add_tensor(builder, TENSOR_GRADIENT, layer->param[param].offset, layer->param[param].count);
}

int layer_gradient_over(plan_builder *builder, int dy, size_t count) {
    const bool is_shared = dy >= 0 && builder->tensors[dy].is_shared;
    return is_shared ? layer_new_tensor(builder, count) : dy;
}
