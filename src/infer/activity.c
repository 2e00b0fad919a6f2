#include "infer/activity.h"

#include "base/memory.h"
#include "ops/conv_chain.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of an output that is on the host at once, about. */
#define STAGED_FLOATS ((size_t)1 << 20)

static bool is_relu(const layer *l) {
    return l->type == &layer_relu;
}

/* The tensors that a node writes by ReLUs, which may be fused into it, in the order of the model's; how many. */
static int relu_outputs(const plan_node *node, int tensors[CONV_CHAIN_STAGES]) {
    const op_desc *desc = &node->desc;
    int count = 0;
    if (desc->op == OP_activation_fwd && desc->activation.activation == ACTIVATION_relu)
        tensors[count++] = node->operand[ACTIVATION_FWD_Y];
    if (op_activation(desc) == ACTIVATION_relu)
        tensors[count++] = node->operand[op_kind_of(desc->op)->activated.output];
    if (desc->op == OP_conv_chain_fwd)
        for (int k = 0; k < desc->conv_chain.count; k++)
            if (desc->conv_chain.stage[k].conv.activation == ACTIVATION_relu)
                tensors[count++] = node->operand[CONV_CHAIN_OUT(k)];
    return count;
}

static clae_status activity_allocate(const clae_model *model, size_t images, activity *a) {
    size_t relus = 0, channels = 0, codes;
    for (size_t i = 0; i < model->layer_count; i++) {
        relus += is_relu(&model->layers[i]);
        channels += is_relu(&model->layers[i]) ? model->layers[i].out.c : 0;
    }
    *a = (activity){.images = images};
    if (!size_product((const size_t[]){images, shape_elements(model->latent), sizeof(float)}, 3, &codes))
        return fail_memory(model->context, SIZE_MAX, "codes");
    a->codes = malloc(codes);
    a->relus = calloc(1, relus * sizeof *a->relus + channels);
    if (!a->codes || (relus && !a->relus)) return fail_memory(model->context, codes, "codes");
    bool *alive = (bool *)(a->relus + relus);
    for (size_t i = 0; i < model->layer_count; i++) {
        const layer *l = &model->layers[i];
        if (!is_relu(l)) continue;
        a->relus[a->relu_count++] = (relu_activity){.layer = l, .is_alive = alive, .dead = l->out.c};
        alive += l->out.c;
    }
    return CLAE_OK;
}

void activity_free(activity *a) {
    free(a->codes);
    free(a->relus);
    *a = (activity){0};
}

/* Of whole pixels. */
static void note_values(relu_activity *relu, const float *values, size_t pixels) {
    const size_t channels = relu->layer->out.c;
    for (size_t i = 0; i < pixels && relu->dead; i++, values += channels)
        for (size_t c = 0; c < channels; c++) {
            if (relu->is_alive[c] || !(values[c] > 0)) continue;
            relu->is_alive[c] = true;
            relu->dead--;
        }
}

/* Downloads no more once all channels are alive. */
static clae_status note_output(relu_activity *relu, view y, size_t rows, float *staging) {
    const size_t elements = shape_elements(relu->layer->out), most = STAGED_FLOATS / elements + 1;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < rows && relu->dead && status == CLAE_OK; i += most) {
        const size_t count = (rows - i < most ? rows - i : most) * elements;
        status = buffer_download(y.buffer, (y.offset + i * elements) * sizeof(float), staging, count * sizeof(float));
        if (status == CLAE_OK) note_values(relu, staging, count / relu->layer->out.c);
    }
    return status;
}

/* The last node that writes a tensor. */
static size_t writer_of(const plan *plan, int tensor) {
    size_t writer = 0;
    for (size_t i = 0; i < plan->node_count; i++)
        for (int k = 0; k < OP_MAX_OPERANDS; k++)
            if (plan->nodes[i].operand[k] == tensor && op_operand_is_output(plan->nodes[i].desc.op, k)) writer = i;
    return writer;
}

/* Runs a batch node by node, as a later node may write over the output of an earlier one; its first `rows` images
 * count. ReLUs of the plan are in the order of the model's. */
static clae_status run_batch(plan *plan, const plan_inputs *inputs, size_t rows, size_t code_elements, float *codes,
                             float *staging, activity *a) {
    const size_t code_node = writer_of(plan, plan->z);
    size_t relu = 0;
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < plan->node_count && status == CLAE_OK; i++) {
        plan_node *node = &plan->nodes[i];
        plan_bind(plan, node, inputs);
        status = op_run(node->instance, &node->args);
        int outputs[CONV_CHAIN_STAGES];
        const int output_count = relu_outputs(node, outputs);
        for (int k = 0; k < output_count && status == CLAE_OK; k++)
            status = note_output(&a->relus[relu++], plan_view(plan, outputs[k]), rows, staging);
        if (i != code_node || status != CLAE_OK) continue;
        const view z = plan_view(plan, plan->z);
        status = buffer_download(z.buffer, z.offset * sizeof(float), codes, rows * code_elements * sizeof(float));
    }
    return status;
}

static clae_status check_codes(const clae_infer *infer, const activity *a) {
    const size_t elements = shape_elements(infer->model->latent);
    for (size_t i = 0; i < a->images * elements; i++)
        if (!isfinite(a->codes[i]))
            return fail(infer->device->context, CLAE_ERROR_NOT_FINITE, "number %zu of code %zu is not finite",
                        i % elements, i / elements);
    return CLAE_OK;
}

static size_t staged_floats(const clae_model *model) {
    size_t largest = 0;
    for (size_t i = 0; i < model->layer_count; i++)
        if (shape_elements(model->layers[i].out) > largest) largest = shape_elements(model->layers[i].out);
    return STAGED_FLOATS + largest;
}

static clae_status run_all(clae_infer *infer, plan *plan, activity *a) {
    const size_t elements = shape_elements(infer->model->latent), batch = plan->batch_size;
    const size_t bytes = staged_floats(infer->model) * sizeof(float);
    float *staging = malloc(bytes);
    clae_status status = staging ? CLAE_OK : fail_memory(infer->device->context, bytes, "a batch");
    for (size_t first = 0; first < a->images && status == CLAE_OK; first += batch) {
        plan_inputs inputs;
        const size_t rows = a->images - first < batch ? a->images - first : batch;
        status = infer_inputs_at(infer, first, &inputs);
        if (status == CLAE_OK)
            status = run_batch(plan, &inputs, rows, elements, a->codes + first * elements, staging, a);
    }
    free(staging);
    return status;
}

clae_status infer_activity(clae_infer *infer, const clae_dataset *images, activity *out) {
    const size_t n = clae_dataset_get_info(images)->n;
    plan *plan;
    *out = (activity){0};
    clae_status status = infer_begin(infer, INFER_EVALUATE, images, 0, n, &plan);
    if (status == CLAE_OK) status = activity_allocate(infer->model, n, out);
    if (status == CLAE_OK) status = run_all(infer, plan, out);
    if (status == CLAE_OK) status = check_codes(infer, out);
    if (status != CLAE_OK) activity_free(out);
    return status;
}
