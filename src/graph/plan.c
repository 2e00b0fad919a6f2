#include "graph/plan.h"

#include <limits.h>
#include <stdlib.h>

#define TOUCHED_BYTES 1

static void emit_load(plan_builder *b, const plan_request *request, plan *plan) {
    const clae_model *model = request->model;
    const double unit = request->from_float ? 1.0 : 255.0;
    const op_desc desc = {.op = OP_load_batch,
                          .load_batch = {.n = request->batch_size,
                                         .image_elements = shape_elements(model->input),
                                         .from_float = request->from_float,
                                         .scale = (float)(1.0 / (unit * model->std)),
                                         .shift = (float)(-model->mean / model->std)}};
    plan->elements = plan_add_tensor(b, TENSOR_EXTERNAL, 0, 0);
    plan->indices = plan_add_tensor(b, TENSOR_EXTERNAL, 0, 0);
    plan_add_node(b, &desc, plan->elements, plan->indices, plan->x, -1);
}

static void emit_loss(plan_builder *b, const plan_request *request, plan *plan, int dy) {
    const size_t count = request->batch_size * shape_elements(request->model->input);
    const op_desc desc = {
        .op = OP_loss, .loss = {.count = count, .scale = 1.0f / (float)request->batch_size, .with_gradient = true}};
    plan->losses = plan_add_tensor(b, TENSOR_EXTERNAL, 0, 1);
    plan_add_node(b, &desc, plan->y, plan->x, plan->losses, dy);
}

static void emit_adam(plan_builder *b, size_t floats) {
    const op_desc desc = {.op = OP_adam, .adam = {floats, 0.9, 0.999, 1e-8}};
    const int parameters = plan_add_tensor(b, TENSOR_PARAMETER, 0, floats);
    const int gradients = plan_add_tensor(b, TENSOR_GRADIENT, 0, floats);
    const int m = plan_add_tensor(b, TENSOR_MOMENT_M, 0, floats);
    const int v = plan_add_tensor(b, TENSOR_MOMENT_V, 0, floats);
    plan_add_node(b, &desc, parameters, gradients, m, v);
}

static bool parameters_before(const clae_model *model, size_t layer) {
    for (size_t i = 0; i < layer; i++)
        if (model->layers[i].type->has_parameters) return true;
    return false;
}

static void emit_backward(plan_builder *b, const clae_model *model, const int *activations, int dy) {
    for (size_t i = model->layer_count; i-- > 0 && dy >= 0;) {
        const layer *l = &model->layers[i];
        b->layer = l->name;
        dy = l->type->emit_backward(l, b, activations[i], activations[i + 1], dy, parameters_before(model, i));
    }
    b->layer = "";
}

/* activations[i] is the input of layer i. */
static void emit_all(plan_builder *b, const plan_request *request, plan *plan, int *activations) {
    const clae_model *model = request->model;
    const size_t first = request->encode ? 0 : model->decoder_start;
    const size_t end = request->decode ? model->layer_count : model->decoder_start;
    const size_t in_elements = shape_elements(request->encode ? model->input : model->latent);
    activations[first] = plan_add_tensor(b, TENSOR_ARENA, 0, request->batch_size * in_elements);
    if (b->out_of_memory) return;
    b->tensors[activations[first]].is_input = true;
    if (request->encode) plan->x = activations[first];
    if (request->load_batch) emit_load(b, request, plan);
    for (size_t i = first; i < end; i++) {
        const layer *l = &model->layers[i];
        b->layer = l->name;
        activations[i + 1] = l->type->emit_forward(l, b, activations[i]);
    }
    b->layer = "";
    if (request->decode) plan->y = activations[end];
    plan->z = activations[model->decoder_start];
    if (b->out_of_memory) return;
    const int result = activations[end];
    b->tensors[result].is_output = true;
    if (!request->backward) return;
    const int dy = plan_add_tensor(b, TENSOR_ARENA, 0, request->batch_size * shape_elements(model->input));
    emit_loss(b, request, plan, dy);
    emit_backward(b, model, activations, dy);
    emit_adam(b, model->parameter_floats);
}

static clae_status build_nodes(const plan_request *request, plan *plan) {
    clae_context *context = request->device->context;
    plan_builder b = {.n = (int)request->batch_size};
    const size_t bytes = (request->model->layer_count + 1) * sizeof(int);
    int *activations = malloc(bytes);
    if (!activations) return fail_memory(context, bytes, "the plan");
    emit_all(&b, request, plan, activations);
    free(activations);
    clae_status status = CLAE_OK;
    if (b.out_of_memory) status = fail_memory(context, sizeof(plan_node), "the plan");
    if (status == CLAE_OK && !context->no_fusion) plan_fuse(&b, request->device);
    size_t arena_floats = 0;
    if (status == CLAE_OK) status = plan_place_tensors(context, &b, &arena_floats);
    plan->arena_bytes = arena_floats * sizeof(float);
    plan->nodes = b.nodes;
    plan->node_count = b.node_count;
    plan->tensors = b.tensors;
    plan->tensor_count = b.tensor_count;
    return status;
}

/* Kernels index tensors with int. */
static clae_status check_sizes(const plan_request *request) {
    const clae_model *model = request->model;
    size_t largest = shape_elements(model->input);
    for (size_t i = 0; i < model->layer_count; i++)
        if (shape_elements(model->layers[i].out) > largest) largest = shape_elements(model->layers[i].out);
    const size_t limit = (size_t)INT_MAX / 2 / largest;
    if (request->batch_size < 1 || request->batch_size > limit)
        return fail(request->device->context, CLAE_ERROR_INPUT,
                    "batch size %zu: must be 1 to %zu for this model, whose largest layer has %zu elements an image",
                    request->batch_size, limit, largest);
    return CLAE_OK;
}

static clae_status prepare_nodes(plan *plan) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        const clae_status status = op_prepare(plan->device, &node->desc, NULL, &node->instance);
        if (status != CLAE_OK) return status;
        if (node->instance->workspace_bytes > plan->workspace_bytes)
            plan->workspace_bytes = node->instance->workspace_bytes;
    }
    return CLAE_OK;
}

static buffer *buffer_of(const plan *plan, const network *network, plan_tensor_kind kind) {
    switch (kind) {
    case TENSOR_ARENA:
        return plan->arena;
    case TENSOR_PARAMETER:
        return network->parameters;
    case TENSOR_GRADIENT:
        return network->gradients;
    case TENSOR_MOMENT_M:
        return network->m;
    case TENSOR_MOMENT_V:
        return network->v;
    default:
        return NULL;
    }
}

static void bind_nodes(plan *plan, const network *network) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        for (int k = 0; k < OP_MAX_OPERANDS; k++) {
            if (node->operand[k] < 0) continue;
            const plan_tensor *tensor = &plan->tensors[node->operand[k]];
            node->args.operand[k] = (view){buffer_of(plan, network, tensor->kind), tensor->offset};
        }
        node->args.workspace = (view){plan->workspace, 0};
    }
}

plan_request plan_request_of_training(clae_device *device, const clae_model *model, size_t batch_size) {
    return (plan_request){.device = device,
                          .model = model,
                          .batch_size = batch_size,
                          .load_batch = true,
                          .encode = true,
                          .decode = true,
                          .backward = true};
}

clae_status plan_prepare(const plan_request *request, plan **out) {
    *out = NULL;
    clae_status status = check_sizes(request);
    if (status != CLAE_OK) return status;
    plan *p = calloc(1, sizeof *p);
    if (!p) return fail_memory(request->device->context, sizeof *p, "the plan");
    p->device = request->device;
    p->batch_size = request->batch_size;
    p->x = p->z = p->y = p->elements = p->indices = p->losses = -1;
    status = build_nodes(request, p);
    if (status == CLAE_OK) status = prepare_nodes(p);
    if (status != CLAE_OK) {
        plan_free(p);
        return status;
    }
    *out = p;
    return CLAE_OK;
}

static clae_status get_buffer(clae_device *device, size_t bytes, buffer *shared, buffer **out, bool *is_own) {
    *is_own = !shared || shared->bytes < bytes;
    if (*is_own) return buffer_create(device, bytes, out);
    *out = shared;
    return CLAE_OK;
}

/* Drivers that get memory at a buffer's first use get it here, where a failure is one of memory. */
static clae_status touch(plan *plan) {
    clae_status status = plan->owns_arena ? buffer_zero(plan->arena, 0, TOUCHED_BYTES) : CLAE_OK;
    if (status == CLAE_OK && plan->owns_workspace) status = buffer_zero(plan->workspace, 0, TOUCHED_BYTES);
    return status == CLAE_OK ? device_finish(plan->device) : status;
}

clae_status plan_allocate(plan *plan, const network *network, const struct plan *share) {
    buffer *const arena = share ? share->arena : NULL, *const workspace = share ? share->workspace : NULL;
    clae_status status = get_buffer(plan->device, plan->arena_bytes, arena, &plan->arena, &plan->owns_arena);
    if (status != CLAE_OK) return status;
    status = get_buffer(plan->device, plan->workspace_bytes, workspace, &plan->workspace, &plan->owns_workspace);
    if (status == CLAE_OK) bind_nodes(plan, network);
    return status == CLAE_OK ? touch(plan) : status;
}

void plan_free(plan *plan) {
    if (!plan) return;
    for (size_t i = 0; i < plan->node_count; i++) op_release(plan->nodes[i].instance);
    if (plan->owns_arena) buffer_free(plan->arena);
    if (plan->owns_workspace) buffer_free(plan->workspace);
    free(plan->nodes);
    free(plan->tensors);
    free(plan);
}

void plan_node_bind(plan_node *node, const plan_inputs *inputs) {
    switch (node->desc.op) {
    case OP_load_batch:
        node->args.operand[LOAD_BATCH_ELEMENTS].buffer = inputs->elements;
        node->args.operand[LOAD_BATCH_INDICES].buffer = inputs->indices;
        node->args.step.first = inputs->first;
        break;
    case OP_loss:
        node->args.operand[LOSS_LOSSES].buffer = inputs->losses;
        node->args.step.slot = inputs->slot;
        break;
    case OP_adam:
        node->args.step.rates[ADAM_STEP_SIZE] = inputs->step_size;
        node->args.step.rates[ADAM_SQRT_CORRECTION2] = inputs->sqrt_correction2;
        break;
    default:
        break;
    }
}

clae_status plan_run(plan *plan, const plan_inputs *inputs) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        plan_node_bind(node, inputs);
        const clae_status status = op_run(node->instance, &node->args);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

view plan_view(const plan *plan, int tensor) {
    return (view){plan->arena, plan->tensors[tensor].offset};
}
