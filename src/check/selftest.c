#include "check/selftest.h"

#include "backend/device_trust.h"
#include "base/clock.h"
#include "base/log_capture.h"
#include "check/selftest_check.h"
#include "check/selftest_positions.h"
#include "check/selftest_trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A node's op as it is tried. */
typedef struct selftest_case {
    const plan_node *node;
    op_desc desc;
    op_instance *instance; /* the node's, or one of fewer images */
    bool owns_instance;
} selftest_case;

typedef struct selftest {
    clae_device *device;
    const numerics *numerics;
    selftest_case *cases;
    size_t count;
    selftest_trial trial;
    device_rate flops_rate, bytes_rate; /* the slowest that were seen */
} selftest;

static clae_status prepare_case(const selftest *test, const plan_node *node, selftest_case *c) {
    const op_choice choice = {.impl = node->instance->impl, .numerics = test->numerics};
    clae_device *device = node->instance->device;
    *c = (selftest_case){.node = node, .desc = selftest_desc(device, &node->desc), .instance = node->instance};
    if (memcmp(&c->desc, &node->desc, sizeof c->desc) == 0) return CLAE_OK;
    c->instance = NULL;
    const clae_status status = choice.impl->prepare(device, &c->desc, &choice, &c->instance);
    c->owns_instance = status == CLAE_OK;
    return status;
}

static bool is_known(const selftest_case *c) {
    return device_trust_passed(c->node->instance->device, &c->desc, c->node->instance->impl);
}

static clae_status open_test(selftest *test, const plan *plan, const struct plan *share, bool again) {
    const size_t bytes = (plan->node_count + 1) * sizeof *test->cases;
    *test = (selftest){.device = plan->device, .numerics = &plan->numerics, .cases = malloc(bytes)};
    if (!test->cases) return fail_memory(plan->device->context, bytes, "the self-test");
    for (size_t i = 0; i < plan->node_count; i++) {
        selftest_case *c = &test->cases[test->count];
        const op_desc desc = selftest_desc(plan->device, &plan->nodes[i].desc);
        if (!again && device_trust_passed(plan->device, &desc, plan->nodes[i].instance->impl)) continue;
        const clae_status status = prepare_case(test, &plan->nodes[i], c);
        if (status != CLAE_OK) return status;
        selftest_trial_include(&test->trial, &c->desc, c->instance->workspace_bytes);
        test->count++;
    }
    if (!test->count) return CLAE_OK;
    return selftest_trial_open(plan->device, share ? share->arena : NULL, share ? share->workspace : NULL,
                               &test->trial);
}

static void close_test(selftest *test) {
    selftest_trial_close(&test->trial);
    for (size_t i = 0; i < test->count; i++)
        if (test->cases[i].owns_instance) op_release(test->cases[i].instance);
    free(test->cases);
}

/* Less takes as long as launching it. */
#define TIMED_FLOPS 1e8
#define TIMED_BYTES 3e7

static void keep_slower(device_rate *rate, device_rate seen) {
    if (seen.is_measured && (!rate->is_measured || seen.per_ms < rate->per_ms)) *rate = seen;
}

/* What a launch may hold is left to the slowest product, and to the slowest of the other ops. */
static void note_rate(selftest *test, const op_desc *desc, double ms) {
    const bool is_product = op_is_conv(desc->op) || desc->op == OP_gemm;
    const double work = is_product ? op_flops(desc) : op_bytes(desc);
    if (work < (is_product ? TIMED_FLOPS : TIMED_BYTES)) return;
    keep_slower(is_product ? &test->flops_rate : &test->bytes_rate, (device_rate){work / ms, true});
}

/* At the end: a first op may be much faster than the next ones. */
static void limit_launches(const selftest *test) {
    clae_device *device = test->device;
    if (device->flops_rate.per_ms > 0) keep_slower(&device->flops_rate, test->flops_rate);
    if (device->bytes_rate.per_ms > 0) keep_slower(&device->bytes_rate, test->bytes_rate);
    if (device->flops_rate.per_ms <= 0 && device->bytes_rate.per_ms <= 0) return;
    log_line(device->context, CLAE_LOG_DEBUG, "launches of %g ms at most have %.3g GFLOP and pass over %.3g GB",
             DEVICE_LAUNCH_MS, 1e-9 * device_launch_limit(&device->flops_rate),
             1e-9 * device_launch_limit(&device->bytes_rate));
}

static clae_status run_op(selftest *test, const selftest_case *c, selftest_result *result) {
    clae_device *device = test->device;
    clae_status status = selftest_trial_begin(&test->trial, &c->desc, c->instance->workspace_bytes);
    if (status == CLAE_OK) status = device_finish(device);
    const double start_ms = clock_ms();
    if (status == CLAE_OK) status = op_run(c->instance, &test->trial.args);
    /* Now, so that what goes wrong on the device is said of this op. */
    if (status == CLAE_OK) status = device_finish(device);
    const double ms = clock_ms() - start_ms;
    if (status == CLAE_OK) status = selftest_check_outputs(&test->trial, c->instance, &result->difference);
    if (status == CLAE_OK) note_rate(test, &c->desc, ms);
    log_line(device->context, CLAE_LOG_DEBUG, "self-test: %s by %s: %.2f ms, %.3g of the bound", result->op,
             result->impl, ms, result->difference);
    return status;
}

static void run_case(selftest *test, const selftest_case *c, selftest_result *result) {
    *result = (selftest_result){.layer = c->node->layer, .impl = c->instance->impl->name};
    op_describe(&c->desc, result->op, sizeof result->op);
    log_line(test->device->context, CLAE_LOG_DEBUG, "self-test: %s by %s", result->op, result->impl);
    log_capture capture;
    log_capture_begin(&capture, test->device->context);
    const clae_status status = run_op(test, c, result);
    log_capture_end(&capture);
    if (status != CLAE_OK) snprintf(result->failure, sizeof result->failure, "%s", capture.error);
    result->is_done = true;
    result->passed = status == CLAE_OK && result->difference <= 1;
}

/* "fails: ..." or "computes wrongly: ..." */
static void describe_fault(const selftest_result *result, char *text, size_t size) {
    if (result->failure[0])
        snprintf(text, size, "fails: %s", result->failure);
    else
        snprintf(text, size, "computes wrongly: its results are off by %.3g times what rounding may cause",
                 result->difference);
}

static clae_status fail_op(const clae_device *device, const selftest_result *result) {
    char fault[600];
    describe_fault(result, fault, sizeof fault);
    return fail(device->context, CLAE_ERROR_DEVICE, "%s (%s) cannot be used: %s by %s %s; try another --device",
                device->info.id, device->info.name, result->op, result->impl, fault);
}

/* Whether work can still be given to the device. */
static bool is_alive(clae_device *device) {
    log_capture capture;
    log_capture_begin(&capture, device->context);
    const clae_status status = device_finish(device);
    log_capture_end(&capture);
    return status == CLAE_OK;
}

static clae_status refuse(selftest *test, const selftest_case *c, const selftest_result *result) {
    clae_device *device = test->device;
    const op_impl *impl = c->node->instance->impl;
    if (op_is_forced(device, c->desc.op, test->numerics) || !is_alive(device)) return fail_op(device, result);
    const clae_status status = device_trust_refuse(device, c->desc.op, impl);
    if (status != CLAE_OK) return status;
    if (!op_choose(device, &c->desc, test->numerics)) return fail_op(device, result);
    char fault[600];
    describe_fault(result, fault, sizeof fault);
    log_line(device->context, CLAE_LOG_WARNING, "%s: implementation %s is not used on %s (%s), where it %s", result->op,
             impl->name, device->info.id, device->info.name, fault);
    return CLAE_OK;
}

clae_status selftest_plan(const plan *plan, const struct plan *share, bool *refused) {
    selftest test;
    *refused = false;
    clae_status status = open_test(&test, plan, share, false);
    for (size_t i = 0; i < test.count && status == CLAE_OK; i++) {
        const selftest_case *c = &test.cases[i];
        const op_impl *impl = c->node->instance->impl;
        if (is_known(c) || device_trust_refuses(test.device, c->desc.op, impl))
            continue; /* since another node of the plan */
        selftest_result result;
        run_case(&test, c, &result);
        if (result.passed) {
            device_trust_pass(test.device, &c->desc, impl);
            continue;
        }
        *refused = true;
        status = refuse(&test, c, &result);
    }
    limit_launches(&test);
    close_test(&test);
    return status;
}

clae_status selftest_report(const plan *plan, selftest_fn report, void *user) {
    selftest test;
    clae_status status = open_test(&test, plan, NULL, true), worst = status;
    for (size_t i = 0; i < test.count && status == CLAE_OK; i++) {
        const selftest_case *c = &test.cases[i];
        selftest_result result = {.layer = c->node->layer, .impl = c->instance->impl->name};
        op_describe(&c->desc, result.op, sizeof result.op);
        report(user, &result);
        run_case(&test, c, &result);
        report(user, &result);
        if (!result.passed) worst = fail_op(test.device, &result);
    }
    close_test(&test);
    return worst;
}
