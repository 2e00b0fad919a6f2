#include "graph/selftest.h"

#include "device_tests.h"
#include "graph/op_trial.h"

#include <string.h>

#define TRIAL_IMAGES 2
#define TRIAL_ELEMENTS 4099 /* a prime: no vector width divides it */

static void shorten(size_t *count) {
    if (*count > TRIAL_ELEMENTS) *count = TRIAL_ELEMENTS;
}

/* The same kernel on less data: kernels are built for geometry and channels, not for the number of images. */
static op_desc trial_desc(const op_desc *desc) {
    op_desc trial;
    memcpy(&trial, desc, sizeof trial);
    switch (desc->op) {
    case OP_bias:
        shorten(&trial.bias.rows);
        break;
    case OP_relu_fwd:
    case OP_relu_bwd:
        shorten(&trial.relu.count);
        break;
    case OP_loss:
        shorten(&trial.loss.count);
        break;
    case OP_adam:
        shorten(&trial.adam.count);
        break;
    case OP_load_batch:
        if (trial.load_batch.n > TRIAL_IMAGES) trial.load_batch.n = TRIAL_IMAGES;
        break;
    case OP_reduce_sum:
        shorten(&trial.reduce_sum.rows);
        break;
    case OP_gemm:
        shorten(&trial.gemm.k);
        break;
    default:
        if (trial.conv.g.n > TRIAL_IMAGES) trial.conv.g.n = TRIAL_IMAGES;
    }
    return trial;
}

static clae_status test_op(clae_device *device, clae_device *judge, const op_desc *desc, const char *impl,
                           double *result) {
    op_operands got = {0}, answer = {0};
    clae_status status = op_operands_draw(device->context, desc, 1, &got);
    if (status == CLAE_OK) status = op_operands_draw(device->context, desc, 1, &answer);
    if (status == CLAE_OK) status = op_trial_judge(judge, desc, &answer);
    if (status == CLAE_OK) status = op_trial_run(device, desc, impl, &got);
    if (status == CLAE_OK) *result = op_outputs_difference(desc, &got, &answer);
    op_operands_free(&got);
    op_operands_free(&answer);
    return status;
}

static clae_status test_node(clae_device *device, clae_device *judge, const plan_node *node, selftest_fn report,
                             void *user) {
    const op_desc desc = trial_desc(&node->desc);
    const op_impl *impl = node->instance->impl;
    selftest_result result = {.layer = node->layer, .impl = impl->name};
    if (!report && device_tests_passed(device, &desc, impl)) return CLAE_OK;
    const clae_status status = test_op(device, judge, &desc, impl->name, &result.difference);
    if (status != CLAE_OK) return status;
    op_describe(&desc, result.op, sizeof result.op);
    result.passed = result.difference <= OP_TRIAL_TOLERANCE;
    if (report) report(user, &result);
    if (!result.passed)
        return fail(
            device->context, CLAE_ERROR_DEVICE,
            "%s (%s) computes wrongly and is refused: %s by %s is off by %.3g of its largest value; try another "
            "--device, or --impl %s=plain",
            device->info.id, device->info.name, result.op, impl->name, result.difference, op_name(desc.op));
    device_tests_remember(device, &desc, impl);
    return CLAE_OK;
}

clae_status selftest_plan(const plan *plan, selftest_fn report, void *user) {
    clae_device *judge = NULL;
    clae_status status = device_open_judge(plan->device->context, &judge);
    clae_status worst = status;
    for (size_t i = 0; i < plan->node_count && status == CLAE_OK; i++) {
        const clae_status one = test_node(plan->device, judge, &plan->nodes[i], report, user);
        if (one != CLAE_OK) worst = one;
        if (!report) status = one;
    }
    clae_device_close(judge);
    return worst;
}
