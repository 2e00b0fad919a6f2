#include "graph/plan.h"

#include "data/pixels.h"
#include "ops/loss.h"

#include <limits.h>
#include <stdlib.h>

_Static_assert(CLAE_MAX_CHANNELS <= LOAD_BATCH_MAX_CHANNELS, "a batch has all channels of an image");

#define TOUCHED_BYTES 1

static void emit_load(plan_builder *b, const plan_request *request, plan *plan) {
    const clae_model *model = request->model;
    op_desc desc = {.op = OP_load_batch,
                    .load_batch = {.n = request->batch_size,
                                   .image_elements = shape_elements(model->input),
                                   .channels = model->input.c,
                                   .from_float = request->from_float}};
    for (size_t k = 0; k < model->input.c; k++) {
        desc.load_batch.scale[k] = (float)(1.0 / (pixels_unit(request->from_float) * model->std[k]));
        desc.load_batch.shift[k] = (float)(-model->mean[k] / model->std[k]);
    }
    PLAN_ADD(b, &desc, plan_add_tensor(b, TENSOR_ELEMENTS, 0, 0), plan_add_tensor(b, TENSOR_INDICES, 0, 0), plan->x);
}

static op_desc ssim_desc_of(const plan_request *request) {
    const clae_shape image = request->model->input;
    return (op_desc){.op = OP_ssim,
                     .ssim = {.n = (int)request->batch_size,
                              .h = (int)image.h,
                              .w = (int)image.w,
                              .channels = (int)image.c,
                              .scale = 1.0f / (float)request->batch_size,
                              .training = request->backward}};
}

static void emit_ssim(plan_builder *b, const plan_request *request, plan *plan, int dy) {
    const op_desc desc = ssim_desc_of(request);
    plan->image_losses = layer_new_tensor(b, request->batch_size);
    if (b->out_of_memory) return;
    b->tensors[plan->image_losses].is_output = request->evaluate;
    PLAN_ADD(b, &desc, plan->y, plan->target, plan->image_losses,
             request->backward ? plan_add_tensor(b, TENSOR_LOSSES, 0, 1) : -1, dy);
}

static void emit_loss(plan_builder *b, const plan_request *request, plan *plan, int dy) {
    if (request->loss == LOSS_ssim) {
        emit_ssim(b, request, plan, dy);
        return;
    }
    const size_t count = request->batch_size * shape_elements(request->model->input);
    const op_desc desc = {
        .op = OP_loss,
        .loss = {
            .loss = request->loss, .count = count, .scale = 1.0f / (float)request->batch_size, .with_gradient = true}};
    PLAN_ADD(b, &desc, plan->y, plan->target, plan_add_tensor(b, TENSOR_LOSSES, 0, 1), dy);
}

static bool parameters_before(const clae_model *model, size_t layer) {
    for (size_t i = 0; i < layer; i++)
        if (model->layers[i].param_count) return true;
    return false;
}

/* What is known of each layer while a plan is built. */
typedef struct layer_state {
    layer_io io;
    int skipped; /* the gradient that the layer's input has besides, past residual blocks that begin here; -1: none */
} layer_state;

static int emit_sum(plan_builder *b, int a, int c, size_t count) {
    const op_desc desc = {.op = OP_add, .add.count = count};
    const int sum = layer_gradient_over(b, a, count);
    PLAN_ADD(b, &desc, a, c, sum);
    return sum;
}

/* The block's input has dy as a part of its gradient, which the layers of the body must leave as it is. */
static void skip_gradient(plan_builder *b, layer_state *first, int dy, size_t count) {
    b->tensors[dy].is_shared = true;
    first->skipped = first->skipped < 0 ? dy : emit_sum(b, first->skipped, dy, count);
}

static void emit_backward(plan_builder *b, const clae_model *model, layer_state *states, size_t end, int dy) {
    for (size_t i = end; i-- > 0 && dy >= 0 && !b->out_of_memory;) {
        const layer *l = &model->layers[i];
        const bool with_dx = parameters_before(model, i);
        b->layer = l->name;
        if (l->type->has_body && parameters_before(model, l->skip))
            skip_gradient(b, &states[l->skip], dy, layer_batch_elements(b, l->out));
        dy = l->type->emit_backward(l, b, &states[i].io, dy, with_dx);
        if (dy >= 0 && states[i].skipped >= 0) dy = emit_sum(b, dy, states[i].skipped, layer_batch_elements(b, l->in));
    }
    b->layer = "";
}

static int emit_forward(plan_builder *b, const clae_model *model, layer_state *states, size_t first, size_t end,
                        int x) {
    for (size_t i = first; i < end; i++) {
        const layer *l = &model->layers[i];
        states[i] =
            (layer_state){.io = {.x = x, .y = -1, .skip = states[l->skip].io.x, .saved = {-1, -1}}, .skipped = -1};
        b->layer = l->name;
        l->type->emit_forward(l, b, &states[i].io);
        x = states[i].io.y;
    }
    b->layer = "";
    return x;
}

static void emit_accumulation(plan_builder *b, const clae_model *model) {
    const size_t floats = model->trained_floats;
    const op_desc desc = {.op = OP_mix, .mix = {floats}};
    PLAN_ADD(b, &desc, plan_add_tensor(b, TENSOR_GRADIENT, 0, floats),
             plan_add_tensor(b, TENSOR_GRADIENT_SUM, 0, floats));
}

static void emit_all(plan_builder *b, const plan_request *request, plan *plan, layer_state *states) {
    const clae_model *model = request->model;
    const size_t first = request->encode ? 0 : model->decoder_start, end = model->layer_count - plan->has_logits;
    const size_t in_elements = shape_elements(request->encode ? model->input : model->latent);
    int x = layer_new_tensor(b, request->batch_size * in_elements);
    if (b->out_of_memory) return;
    b->tensors[x].is_input = true;
    if (request->encode) plan->x = plan->target = x;
    if (request->load_batch) emit_load(b, request, plan);
    if (request->augmentation) plan_emit_augmentation(b, request, plan);
    if (b->out_of_memory) return;
    if (request->encode) x = emit_forward(b, model, states, first, model->decoder_start, plan->x);
    plan->z = x;
    if (request->decode) plan->y = x = emit_forward(b, model, states, model->decoder_start, end, x);
    if (b->out_of_memory) return;
    b->tensors[x].is_output = true;
    if (request->evaluate && request->loss == LOSS_ssim) emit_ssim(b, request, plan, -1);
    if (!request->backward) return;
    const int dy = layer_new_tensor(b, request->batch_size * shape_elements(model->input));
    emit_loss(b, request, plan, dy);
    emit_backward(b, model, states, end, dy);
    if (request->accumulates) emit_accumulation(b, model);
}

/* Hands the nodes to the plan, whatever the status. */
static clae_status finish_nodes(plan_builder *b, plan *plan) {
    const clae_context *context = plan->device->context;
    clae_status status = b->out_of_memory ? fail_memory(context, sizeof(plan_node), "the plan") : CLAE_OK;
    if (status == CLAE_OK && !plan->numerics.no_fusion) {
        plan_fuse(b, plan->device, &plan->numerics);
        plan_chain(b, plan->device, &plan->numerics);
    }
    size_t arena_floats = 0;
    if (status == CLAE_OK) status = plan_place_tensors(context, b, &arena_floats);
    plan->arena_bytes = arena_floats * sizeof(float);
    plan->nodes = b->nodes;
    plan->node_count = b->node_count;
    plan->tensors = b->tensors;
    plan->tensor_count = b->tensor_count;
    return status;
}

static clae_status build_nodes(const plan_request *request, plan *plan) {
    plan_builder b = {.n = (int)request->batch_size, .training = request->backward};
    const size_t bytes = request->model->layer_count * sizeof(layer_state);
    layer_state *states = calloc(1, bytes);
    if (!states) return fail_memory(request->device->context, bytes, "the plan");
    emit_all(&b, request, plan, states);
    free(states);
    return finish_nodes(&b, plan);
}

static void emit_clip(plan_builder *b, const plan_request *request, int gradients, size_t floats) {
    const op_desc desc = {.op = OP_clip_norm, .clip_norm = {floats, (float)request->update->clip_norm}};
    if (request->update->clip_norm > 0) PLAN_ADD(b, &desc, gradients, layer_new_tensor(b, 1));
}

static void emit_average(plan_builder *b, const plan_request *request, int values, size_t floats) {
    const op_desc desc = {.op = OP_mix, .mix = {floats}};
    if (request->update->averages) PLAN_ADD(b, &desc, values, plan_add_tensor(b, TENSOR_AVERAGE, 0, floats));
}

static clae_status build_update(const plan_request *request, plan *plan) {
    const optimiser_id optimiser = request->update->optimiser;
    const size_t floats = request->model->trained_floats, states = update_state_count(optimiser);
    const op_desc desc = {.op = OP_update, .update = {optimiser, floats}};
    plan_builder b = {.n = 1};
    const int values = plan_add_tensor(&b, TENSOR_VALUE, 0, floats);
    const int gradients =
        plan_add_tensor(&b, request->update->accumulates ? TENSOR_GRADIENT_SUM : TENSOR_GRADIENT, 0, floats);
    emit_clip(&b, request, gradients, floats);
    PLAN_ADD(&b, &desc, values, gradients, states > 0 ? plan_add_tensor(&b, TENSOR_STATE, 0, floats) : -1,
             states > 1 ? plan_add_tensor(&b, TENSOR_STATE_1, 0, floats) : -1);
    emit_average(&b, request, values, floats);
    return finish_nodes(&b, plan);
}

/* One value has no deviation. */
static clae_status check_normalised(const plan_request *request, const layer *l) {
    if (!request->backward || !l->type->normalises_batch || request->batch_size * l->out.h * l->out.w > 1)
        return CLAE_OK;
    return fail(request->device->context, CLAE_ERROR_INPUT,
                "%s: %s has one value a channel in a batch of 1 image, and needs two to train: choose a %s of 2 or "
                "more that leaves no last batch of 1",
                l->name, l->type->name, request->accumulates ? "micro-batch" : "batch size");
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
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < model->layer_count && status == CLAE_OK; i++)
        status = check_normalised(request, &model->layers[i]);
    return status;
}

static clae_status prepare_nodes(plan *plan) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        const clae_status status = op_prepare(plan->device, &node->desc, &plan->numerics, &node->instance);
        if (status != CLAE_OK) return status;
        if (node->instance->workspace_bytes > plan->workspace_bytes)
            plan->workspace_bytes = node->instance->workspace_bytes;
    }
    return CLAE_OK;
}

static buffer *buffer_of(const plan *plan, const params *params, plan_tensor_kind kind) {
    buffer *const buffers[] = {
        [TENSOR_ARENA] = plan->arena,
        [TENSOR_VALUE] = params->values,
        [TENSOR_GRADIENT] = params->gradients,
        [TENSOR_GRADIENT_SUM] = params->gradient_sum,
        [TENSOR_STATE] = params->state[0],
        [TENSOR_STATE_1] = params->state[1],
        [TENSOR_AVERAGE] = params->average,
        [TENSOR_ELEMENTS] = NULL,
        [TENSOR_INDICES] = NULL,
        [TENSOR_LOSSES] = NULL,
    };
    return buffers[kind];
}

static void bind_nodes(plan *plan, const params *params) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        for (int k = 0; k < OP_MAX_OPERANDS; k++) {
            if (node->operand[k] < 0) continue;
            const plan_tensor *tensor = &plan->tensors[node->operand[k]];
            node->args.operand[k] = (view){buffer_of(plan, params, tensor->kind), tensor->offset};
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

plan_request plan_request_of_update(clae_device *device, const clae_model *model, const training_update *update) {
    return (plan_request){.device = device, .model = model, .batch_size = 1, .update = update};
}

clae_status plan_prepare(const plan_request *request, plan **out) {
    *out = NULL;
    clae_status status = check_sizes(request);
    if (status != CLAE_OK) return status;
    plan *p = calloc(1, sizeof *p);
    if (!p) return fail_memory(request->device->context, sizeof *p, "the plan");
    p->device = request->device;
    p->numerics = request->numerics;
    p->batch_size = request->batch_size;
    p->x = p->z = p->y = p->target = p->image_losses = -1;
    p->has_logits = (request->backward || request->evaluate) && loss_is_of_logits(request->loss) &&
                    model_ends_in_sigmoid(request->model);
    status = request->update ? build_update(request, p) : build_nodes(request, p);
    if (status == CLAE_OK) status = prepare_nodes(p);
    if (status == CLAE_OK)
        *out = p;
    else
        plan_free(p);
    return status;
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

clae_status plan_allocate(plan *plan, const params *params, const struct plan *share) {
    buffer *const arena = share ? share->arena : NULL, *const workspace = share ? share->workspace : NULL;
    clae_status status = get_buffer(plan->device, plan->arena_bytes, arena, &plan->arena, &plan->owns_arena);
    if (status != CLAE_OK) return status;
    status = get_buffer(plan->device, plan->workspace_bytes, workspace, &plan->workspace, &plan->owns_workspace);
    if (status == CLAE_OK) bind_nodes(plan, params);
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

void plan_bind(const plan *plan, plan_node *node, const plan_inputs *inputs) {
    buffer *const given[] = {
        [TENSOR_ELEMENTS] = inputs->elements, [TENSOR_INDICES] = inputs->indices, [TENSOR_LOSSES] = inputs->losses};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (node->operand[k] < 0) continue;
        const plan_tensor_kind kind = plan->tensors[node->operand[k]].kind;
        if (kind >= TENSOR_ELEMENTS) node->args.operand[k].buffer = given[kind];
    }
    node->args.step = inputs->step;
}

clae_status plan_run(plan *plan, const plan_inputs *inputs) {
    for (size_t i = 0; i < plan->node_count; i++) {
        plan_node *node = &plan->nodes[i];
        plan_bind(plan, node, inputs);
        const clae_status status = op_run(node->instance, &node->args);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

view plan_view(const plan *plan, int tensor) {
    return (view){plan->arena, plan->tensors[tensor].offset};
}
