#include "app/measure/compare.h"

#include "app/measure/compare_losses.h"
#include "base/memory.h"
#include "check/compare_bound.h"
#include "ops/conv.h"
#include "ops/op_kind.h"
#include "train/settings.h"
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What goes on during a comparison. */
typedef struct comparison {
    clae_trainer *trainers[2];
    char *impls[2]; /* of their settings, where these are not the caller's */
    compare_result *result;
    uint64_t step;
} comparison;

static bool same_nodes(clae_trainer *const trainers[2]) {
    const size_t count = trainer_node_count(trainers[0]);
    if (count != trainer_node_count(trainers[1])) return false;
    for (size_t i = 0; i < count; i++) {
        const plan_node *x = trainer_node(trainers[0], i), *y = trainer_node(trainers[1], i);
        if (x->desc.op != y->desc.op || memcmp(x->operand, y->operand, sizeof x->operand) != 0) return false;
    }
    return true;
}

static clae_status make_trainers(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                                 const clae_settings settings[2], clae_trainer *trainers[2]) {
    clae_status status = CLAE_OK;
    for (int d = 0; d < 2 && status == CLAE_OK; d++)
        status = clae_trainer_create(devices[d], model, dataset, &settings[d], &trainers[d]);
    return status;
}

static void free_trainers(clae_trainer *trainers[2]) {
    for (int d = 0; d < 2; d++) {
        clae_trainer_free(trainers[d]);
        trainers[d] = NULL;
    }
}

/* Both devices make chains of the same convolutions where they are forced to the same, or to what suits anything. */
static clae_status force_stages(comparison *c, clae_device *const devices[2], clae_settings settings[2]) {
    for (int d = 0; d < 2; d++) {
        const char *impl = settings[d].impl;
        const numerics asked = {.impls = impl};
        if (op_is_forced(devices[d], OP_conv_chain_fwd, &asked) ||
            op_is_forced(devices[d], OP_conv_chain_bwd_data, &asked))
            continue;
        c->impls[d] = string_format("%s%sconv_chain_fwd=stages,conv_chain_bwd_data=stages", impl ? impl : "",
                                    impl && *impl ? "," : "");
        if (!c->impls[d]) return fail_memory(devices[d]->context, 0, "the comparison");
        settings[d].impl = c->impls[d];
    }
    return CLAE_OK;
}

/* Devices that fuse differently: chains are made on both, of each one's own convolutions, or nothing is fused. */
static clae_status make_comparable(comparison *c, clae_device *const devices[2], clae_model *model,
                                   const clae_dataset *dataset, const compare_options *options) {
    clae_settings settings[2] = {*options->settings[0], *options->settings[1]}; /* whose texts are the caller's */
    clae_status status = make_trainers(devices, model, dataset, settings, c->trainers);
    if (status != CLAE_OK || same_nodes(c->trainers)) return status;
    free_trainers(c->trainers);
    log_line(devices[0]->context, CLAE_LOG_INFO,
             "the devices fuse ops differently: both make chains of convolutions, of their own ones unless others are "
             "forced");
    status = force_stages(c, devices, settings);
    if (status == CLAE_OK) status = make_trainers(devices, model, dataset, settings, c->trainers);
    if (status != CLAE_OK || same_nodes(c->trainers)) return status;
    free_trainers(c->trainers);
    log_line(devices[0]->context, CLAE_LOG_INFO, "they still fuse ops differently: comparing without fusion");
    for (int d = 0; d < 2; d++) settings[d].no_fusion = true;
    return make_trainers(devices, model, dataset, settings, c->trainers);
}

/* Bytes of an operand in device memory; the whole buffer for those that are given from outside. */
static size_t operand_bytes(const plan_node *node, int k) {
    if (!node->args.operand[k].buffer || node->operand[k] < 0) return 0;
    return op_operand_count(&node->desc, k) * sizeof(float);
}

static size_t operand_offset(const plan_node *node, int k) {
    const size_t slot = op_kind_of(node->desc.op)->operand[k].in_slot ? node->args.step.slot : 0;
    return (node->args.operand[k].offset + slot) * sizeof(float);
}

static clae_status download_operands(const clae_context *context, const plan_node *node, bool outputs_only,
                                     op_operands *operands) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const size_t bytes = operand_bytes(node, k);
        if (!bytes || (outputs_only && !op_operand_is_output(node->desc.op, k))) continue;
        operands->bytes[k] = bytes;
        if (!operands->data[k]) operands->data[k] = malloc(bytes);
        if (!operands->data[k]) return fail_memory(context, bytes, "the comparison");
        const clae_status status =
            buffer_download(node->args.operand[k].buffer, operand_offset(node, k), operands->data[k], bytes);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

static clae_status upload_operands(const plan_node *node, const op_operands *operands) {
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        if (!operands->data[k]) continue;
        const clae_status status =
            buffer_upload(node->args.operand[k].buffer, operand_offset(node, k), operands->data[k], operands->bytes[k]);
        if (status != CLAE_OK) return status;
    }
    return CLAE_OK;
}

static void note_difference(compare_op *op, uint64_t step, double difference, double bound) {
    const double share = difference == 0 ? 0 : bound > 0 ? difference / bound : INFINITY;
    if (difference > op->difference || isnan(difference)) op->difference = difference;
    if (share > op->share || isnan(share)) {
        op->share = share;
        op->worst_step = step;
    }
    if (!(op->share <= 1)) op->passed = false;
}

/* What implementations add to the rounding errors of sums: op_impl.mixing, and a share of sum|a||b|. */
typedef struct rounding {
    double mixing, products;
} rounding;

static rounding rounding_of(plan_node *const nodes[2]) {
    rounding r = {0, 0};
    for (int d = 0; d < 2; d++) {
        r.mixing = fmax(r.mixing, nodes[d]->instance->impl->mixing);
        if (nodes[d]->instance->arithmetic == OP_TF32) r.products += TF32_PRODUCT_ERROR;
    }
    return r;
}

static void compare_output(comparison *c, compare_op *op, int k, const op_operands results[2], const op_values *values,
                           rounding r) {
    const float *a = results[0].data[k], *b = results[1].data[k];
    const float *sums = values->data[k];
    const size_t count = results[0].bytes[k] / sizeof(float);
    double largest = 0;
    for (size_t i = 0; i < count && r.mixing > 0; i++) largest = fmax(largest, r.mixing * compare_bound(values, k, i));
    for (size_t i = 0; i < count; i++)
        note_difference(op, c->step, fabs((double)a[i] - b[i]),
                        fmax(largest, compare_bound(values, k, i)) + r.products * (r.products > 0 ? fabs(sums[i]) : 0));
}

static void compare_outputs(comparison *c, compare_op *op, const op_operands results[2], const op_values *values,
                            rounding r) {
    const op_id id = values->desc->op;
    const bool is_wgrad = op_is_conv(id) && conv_kernel_of(id) == CONV_WGRAD;
    const rounding none = {0, 0};
    for (int k = 0; k < OP_MAX_OPERANDS; k++) {
        const bool is_dbias = is_wgrad && k == CONV_BWD_WEIGHTS_DBIAS; /* a sum, whatever makes dweight */
        if (results[0].data[k]) compare_output(c, op, k, results, values, is_dbias ? none : r);
    }
    if (!op->passed && !c->result->first_broken) c->result->first_broken = op;
}

/* sum|a||b| by running the op of the first device on absolute values; its operands are put back afterwards. */
static clae_status find_magnitudes(plan_node *node, const op_operands *inputs, op_operands *magnitudes) {
    compare_make_absolute(&node->desc, magnitudes);
    clae_status status = upload_operands(node, magnitudes);
    if (status == CLAE_OK) status = op_run(node->instance, &node->args);
    if (status == CLAE_OK) status = download_operands(node->instance->device->context, node, true, magnitudes);
    if (status == CLAE_OK) status = upload_operands(node, inputs);
    return status;
}

static clae_status compare_node(comparison *c, size_t index) {
    plan_node *nodes[2];
    op_operands inputs = {0}, magnitudes = {0}, results[2] = {{{0}, {0}}, {{0}, {0}}};
    const clae_context *context = c->trainers[0]->device->context;
    clae_status status = CLAE_OK;
    for (int d = 0; d < 2; d++) {
        plan_inputs run;
        clae_trainer *t = c->trainers[d];
        nodes[d] = trainer_node(t, index);
        const bool is_of_update = index >= t->full->node_count;
        if (is_of_update)
            trainer_update_inputs(t, &run);
        else
            status = trainer_piece_inputs(t, 0, &run);
        if (status != CLAE_OK) goto done;
        plan_bind(is_of_update ? t->update : t->full, nodes[d], &run);
    }
    status = download_operands(context, nodes[0], false, &inputs);
    if (status == CLAE_OK) status = download_operands(context, nodes[0], false, &magnitudes);
    if (status == CLAE_OK && compare_needs_magnitudes(nodes[0]->desc.op))
        status = find_magnitudes(nodes[0], &inputs, &magnitudes);
    if (status == CLAE_OK) status = upload_operands(nodes[1], &inputs);
    for (int d = 0; d < 2 && status == CLAE_OK; d++) {
        status = op_run(nodes[d]->instance, &nodes[d]->args);
        if (status == CLAE_OK) status = download_operands(context, nodes[d], true, &results[d]);
    }
    if (status != CLAE_OK) goto done;
    op_values values;
    status = compare_values(context, &nodes[0]->desc, &magnitudes, &nodes[0]->args, &values);
    if (status == CLAE_OK) compare_outputs(c, &c->result->ops[index], results, &values, rounding_of(nodes));
    op_values_free(&values);
done:
    op_operands_free(&inputs);
    op_operands_free(&magnitudes);
    for (int d = 0; d < 2; d++) op_operands_free(&results[d]);
    return status;
}

static clae_status make_ops(comparison *c) {
    const size_t count = trainer_node_count(c->trainers[0]);
    c->result->ops = calloc(count, sizeof *c->result->ops);
    if (!c->result->ops)
        return fail_memory(c->trainers[0]->device->context, count * sizeof *c->result->ops, "the comparison");
    c->result->op_count = count;
    for (size_t i = 0; i < count; i++) {
        compare_op *op = &c->result->ops[i];
        op->passed = true;
        op->layer = trainer_node(c->trainers[0], i)->layer;
        op_describe(&trainer_node(c->trainers[0], i)->desc, op->op, sizeof op->op);
        for (int d = 0; d < 2; d++)
            snprintf(op->impl[d], sizeof op->impl[d], "%s", trainer_node(c->trainers[d], i)->instance->impl->name);
    }
    return CLAE_OK;
}

static clae_status compare_ops(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                               const compare_options *options, compare_result *result) {
    comparison c = {.result = result};
    clae_status status = make_comparable(&c, devices, model, dataset, options);
    if (status == CLAE_OK) status = make_ops(&c);
    for (c.step = 1; c.step <= options->op_steps && status == CLAE_OK; c.step++) {
        if (trainer_piece_plan(c.trainers[0], 0) != c.trainers[0]->full) break;
        for (size_t i = 0; i < result->op_count && status == CLAE_OK; i++) status = compare_node(&c, i);
        for (int d = 0; d < 2; d++) {
            trainer_advance(c.trainers[d]);
            c.trainers[d]->first_waiting_step = c.trainers[d]->position.step; /* the loss has been compared */
        }
    }
    free_trainers(c.trainers);
    for (int d = 0; d < 2; d++) free(c.impls[d]);
    return status;
}

clae_status compare_run(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                        const compare_options *options, compare_result *result) {
    *result = (compare_result){.passed = true};
    clae_status status = compare_ops(devices, model, dataset, options, result);
    result->passed = result->first_broken == NULL;
    if (status == CLAE_OK) status = compare_losses(devices, model, dataset, options, result);
    if (status != CLAE_OK) compare_free(result);
    return status;
}

void compare_free(compare_result *result) {
    free(result->ops);
    free(result->losses);
    *result = (compare_result){0};
}
