#include "op_harness.h"

#include "op_layout.h"
#include "op_mma.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

/* The error bound is C eps (8 + sqrt(K)) sum|a||b|, eps = 2^-23. A sum of K products in any order is within K eps/2
 * sum|a||b|; rounding errors of random sign add up to a few sqrt(K) eps/2, and 8 covers the short sums, and division
 * and square root of OpenCL (2.5 and 3 units in the last place). The largest ratios are printed: 0.05 to 0.3 in
 * practice. */
#define TOLERANCE 1.0
/* Winograd's transforms mix the elements of a tile, so its error is bounded by the largest sum|a||b| of the output
 * rather than by each element's own; of the sums of dy, the last operand of wgrad, nothing is mixed. The constant is
 * not taken from the implementation: a test does not believe what it tests. */
#define TOLERANCE_WINOGRAD 8.0

/* The largest relative error of a product of two numbers that were rounded to TF32's 11 bits: 2^-11 for each. It is
 * added to the bound for the implementation that has such products, when they are asked for. */
#define TF32_PRODUCT 0x1.002p-10

/* Of a launch or a call, so that it is cut as far as it can be. */
#define LEAST_WORK 1e-3

static bool is_winograd(const op_impl *impl) {
    return strstr(impl->name, "winograd") != NULL;
}

static double largest_of(const double *values, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, values[i]);
    return largest;
}

/* Everything that the cases allocate is freed together, also when cmocka jumps out of a failed test. */
static void *case_blocks[64];
static size_t case_block_count;

void *case_memory(size_t bytes) {
    assert_true(case_block_count < sizeof case_blocks / sizeof *case_blocks);
    void *block = calloc(1, bytes ? bytes : 1);
    assert_non_null(block);
    return case_blocks[case_block_count++] = block;
}

void case_release(void) {
    while (case_block_count) free(case_blocks[--case_block_count]);
}

double *case_values(op_case *c, int operand, size_t count, const double *values) {
    float *before = case_memory(count * sizeof *before);
    double *copy = case_memory(count * sizeof *copy);
    for (size_t i = 0; i < count; i++) copy[i] = before[i] = (float)values[i];
    c->operand[operand] = (op_operand){.count = count, .element_bytes = sizeof *before, .before = before};
    return copy;
}

double *case_random(op_case *c, int operand, size_t count, double scale, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = c->integers ? random_int(random, -3, 3) : scale * random_real(random);
    return case_values(c, operand, count, values);
}

reference_output case_output(op_case *c, int operand, size_t count, double terms) {
    op_operand *o = &c->operand[operand];
    reference_output output = {case_memory(count * sizeof(double)), case_memory(count * sizeof(double))};
    o->count = count;
    o->element_bytes = sizeof(float);
    o->expected = output.value;
    o->magnitude = c->integers ? NULL : output.magnitude;
    o->terms = terms;
    return output;
}

op_settings op_settings_read(void) {
    const char *device = getenv("CLAE_TEST_DEVICE"), *seed = getenv("CLAE_TEST_SEED");
    const char *shapes = getenv("CLAE_TEST_SHAPES"), *quick = getenv("CLAE_TEST_QUICK");
    op_settings settings = {.device = device ? device : "c", .quick = quick ? atoi(quick) : 0};
    settings.seed = seed && *seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL) & 0xffffff;
    const char *every = getenv("CLAE_TEST_EVERY");
    settings.every = every && atoi(every) > 0 ? (size_t)atoi(every) : 1;
    const char *poor = getenv("CLAE_TEST_POOR");
    settings.poor = poor && *poor;
    const char *cut = getenv("CLAE_TEST_CUT");
    settings.cut = cut && *cut;
    const char *precision = getenv("CLAE_TEST_PRECISION");
    settings.tf32 = precision && strcmp(precision, "tf32") == 0;
    const char *mma = getenv("CLAE_TEST_MMA");
    settings.mma = mma ? mma : "";
    settings.shapes = shapes && *shapes ? strtoul(shapes, NULL, 0) : 40;
    if (settings.quick && settings.shapes > 6) settings.shapes = 6;
    return settings;
}

static void keep_error(void *user, clae_log_level level, const char *line) {
    op_harness *harness = user;
    if (level <= CLAE_LOG_WARNING) snprintf(harness->last_error, sizeof harness->last_error, "%s", line);
}

static clae_status open_device(op_harness *h, unsigned threads, clae_context **context, clae_device **device) {
    clae_context_options options = {
        .log = keep_error, .log_user = h, .log_level = CLAE_LOG_WARNING, .threads = threads};
    clae_status status = clae_context_create(&options, context);
    if (status == CLAE_OK) status = clae_device_open(*context, h->settings.device, device);
    return status;
}

clae_status op_harness_open(op_harness *h) {
    *h = (op_harness){.settings = op_settings_read()};
    clae_status status = open_device(h, 2, &h->context, &h->device);
    if (status != CLAE_OK) return status;
    op_mma_lay_out(h->device, h->settings.mma);
    h->other_device = h->device;
    h->call_flops = h->device->call_flops;
    if (strcmp(h->device->backend->name, "c") == 0) return open_device(h, 3, &h->other_context, &h->other_device);
    return CLAE_OK;
}

void op_harness_close(op_harness *h) {
    if (h->other_device && h->other_device != h->device) clae_device_close(h->other_device);
    clae_context_free(h->other_context);
    if (h->device) clae_device_close(h->device);
    clae_context_free(h->context);
}

/* What is being checked, for messages and for clean-up. */
typedef struct check {
    op_harness *harness;
    const op_impl *impl;
    op_case c;
    op_instance *instance;
    op_layout layout;
    double worst;   /* largest error / bound so far */
    bool supported; /* does it support any descriptor that was tried? */
} check;

static void check_clean(check *k) {
    op_layout_free(&k->layout);
    op_release(k->instance);
    k->instance = NULL;
    case_release();
}

static void check_fail(check *k, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));
static void check_fail(check *k, const char *format, ...) {
    char text[512], shape[192];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    op_describe(&k->c.desc, shape, sizeof shape);
    print_error("%s [%s] on %s, CLAE_TEST_SEED=%llu: %s\n%s%s", shape, k->impl->name, k->harness->settings.device,
                (unsigned long long)k->harness->settings.seed, text, k->harness->last_error,
                k->harness->last_error[0] ? "\n" : "");
    check_clean(k);
    fail();
    abort();
}

static void check_run(check *k, uint32_t poison) {
    if (!op_layout_upload(&k->layout, poison)) check_fail(k, "an upload failed");
    op_args args = k->c.args;
    op_layout_views(&k->layout, &args);
    if (op_run(k->instance, &args) != CLAE_OK) check_fail(k, "run failed");
    if (device_finish(k->instance->device) != CLAE_OK) check_fail(k, "finish failed");
    if (!op_layout_download(&k->layout)) check_fail(k, "a download failed");
}

static bool is_wgrad(const check *k) {
    const op_id op = k->c.desc.op;
    return op == OP_conv2d_bwd_weights || op == OP_conv_transpose2d_bwd_weights;
}

/* A sum of dy alone. */
static bool is_dbias(const check *k, int operand) {
    return is_wgrad(k) && operand == CONV_BWD_WEIGHTS_DBIAS;
}

static bool is_mixed(const check *k, int operand) {
    return is_winograd(k->impl) && !is_dbias(k, operand);
}

static bool is_of_tf32(const check *k, int operand) {
    return k->harness->settings.tf32 && strcmp(k->impl->name, "mma") == 0 && !is_dbias(k, operand);
}

static void check_output(check *k, int operand) {
    const op_operand *o = &k->c.operand[operand];
    const float *y = op_layout_result(&k->layout, operand);
    size_t wrong = 0, first = 0;
    double first_bound = 0;
    const bool mixed = o->magnitude && is_mixed(k, operand);
    const double largest = mixed ? largest_of(o->magnitude, o->count) : 0;
    const double unit = (mixed ? TOLERANCE_WINOGRAD : TOLERANCE) * FLT_EPSILON * (8 + sqrt(o->terms)) +
                        (is_of_tf32(k, operand) ? TF32_PRODUCT : 0);
    for (size_t i = 0; i < o->count; i++) {
        double bound = 0, error = fabs(y[i] - o->expected[i]);
        if (isnan(o->expected[i]) && isnan(y[i])) continue;
        if (o->magnitude) bound = unit * fmax(o->magnitude[i], largest) + FLT_MIN;
        /* A gradient of which every product is 0 is exactly 0, or Adam would make whole steps of its rounding. */
        if (o->magnitude && o->magnitude[i] == 0 && is_wgrad(k)) bound = 0;
        if (bound > 0 && error / bound > k->worst) k->worst = error / bound;
        if (error <= bound) continue;
        if (!wrong++) first = i, first_bound = bound;
    }
    if (wrong)
        check_fail(k, "operand %d, element %zu of %zu: got %.9g, reference %.9g, bound %.3g (%zu elements are wrong%s)",
                   operand, first, o->count, y[first], o->expected[first], first_bound, wrong,
                   k->c.integers ? "; integer data" : "");
}

static void check_results(check *k) {
    char text[160];
    if (op_layout_damage(&k->layout, text, sizeof text)) check_fail(k, "%s", text);
    for (int i = 0; i < OP_MAX_OPERANDS; i++)
        if (k->c.operand[i].count && k->c.operand[i].expected) check_output(k, i);
}

/* Whether its results are the same however launches and calls are cut. */
static bool has_fixed_sums(const check *k) {
    return k->c.integers || is_winograd(k->impl);
}

/* Another run from the same state: same bits. */
static void check_same(check *k, uint64_t first, uint32_t poison, const char *what) {
    check_run(k, poison);
    if (op_layout_hash(&k->layout) == first) return;
    check_results(k);
    check_fail(k, "%s gave different bits", what);
}

static void check_cut(check *k, uint64_t first, uint32_t poison) {
    clae_device *device = k->instance->device;
    const device_rate flops_rate = device->flops_rate, bytes_rate = device->bytes_rate;
    const unsigned compute_units = device->info.compute_units;
    device->flops_rate.per_ms = device->bytes_rate.per_ms = LEAST_WORK;
    device->info.compute_units = 1;
    check_same(k, first, poison, "launches of one work-group");
    device->flops_rate = flops_rate;
    device->bytes_rate = bytes_rate;
    device->info.compute_units = compute_units;
}

/* Runs from the same state, the workspace poisoned differently. */
static void check_case(check *k) {
    const uint32_t nan = 0x7fc0dead, large = 0x71491234;
    check_run(k, nan);
    check_results(k);
    if (k->harness->settings.quick == 2) return;
    const uint64_t first = op_layout_hash(&k->layout);
    check_same(k, first, large, "two runs");
    if (k->harness->settings.cut && has_fixed_sums(k)) check_cut(k, first, nan);
}

/* The implementation under test, whatever the device would choose. */
static clae_status prepare_forced(check *k, clae_device *device) {
    char impls[96];
    snprintf(impls, sizeof impls, "%s=%s", op_name(k->c.desc.op), k->impl->name);
    const numerics numerics = {.impls = impls, .tf32 = k->harness->settings.tf32};
    return op_prepare(device, &k->c.desc, &numerics, &k->instance);
}

/* On the other device, with another number of threads: same bits again. */
static void check_other_device(check *k, uint64_t expected) {
    op_harness *h = k->harness;
    if (h->other_device == h->device) return;
    op_layout_free(&k->layout);
    op_release(k->instance);
    k->instance = NULL;
    if (prepare_forced(k, h->other_device) != CLAE_OK) check_fail(k, "prepare failed with another number of threads");
    test_random layout = random_stream(h->settings.seed, 1, 2);
    if (!op_layout_create(&k->layout, h->other_device, &k->c, k->instance->workspace_bytes, &layout))
        check_fail(k, "no buffers");
    check_run(k, 0x7fc0dead);
    check_results(k);
    if (op_layout_result_hash(&k->layout) != expected) check_fail(k, "another number of threads gave different bits");
}

/* False when the implementation does not do this descriptor. */
static bool check_prepare(check *k) {
    op_harness *h = k->harness;
    const bool supported = k->impl->supports(h->device, &k->c.desc);
    k->supported |= supported;
    const numerics none = {.tf32 = h->settings.tf32};
    const op_impl *chosen = op_choose(h->device, &k->c.desc, &none);
    if (!chosen || !chosen->supports(h->device, &k->c.desc)) check_fail(k, "the device chooses what cannot do it");
    h->last_error[0] = '\0';
    clae_status status = prepare_forced(k, h->device);
    if (status == CLAE_OK) {
        if (k->instance->impl != k->impl) check_fail(k, "prepare gave %s", k->instance->impl->name);
        return true;
    }
    k->instance = NULL;
    if (supported && !h->settings.poor) check_fail(k, "supported, but prepare failed");
    if (status != CLAE_ERROR_INPUT && status != CLAE_ERROR_DEVICE)
        check_fail(k, "prepare refused with \"%s\"", clae_status_text(status));
    if (!h->last_error[0]) check_fail(k, "prepare refused without a message");
    return false;
}

static bool is_chosen(const check *k, const op_desc *desc) {
    const numerics numerics = {.tf32 = k->harness->settings.tf32};
    return op_choose(k->harness->device, desc, &numerics) == k->impl;
}

static bool is_left_out(const check *k, const op_suite *suite, size_t index) {
    const op_settings *s = &k->harness->settings;
    const size_t fixed = s->quick == 2 && suite->fixed_count > 3 ? 3 : suite->fixed_count, count = fixed + s->shapes;
    if (index >= fixed && index < suite->fixed_count) return true;
    /* At least one is tried, however few there are. */
    const size_t every = s->every < count ? s->every : count;
    const size_t number = index < fixed ? index : index - (suite->fixed_count - fixed);
    if ((number + s->seed) % every == 0) return false;
    test_random random = random_stream(s->seed, suite->op, index);
    op_desc desc = {.op = suite->op};
    suite->describe(suite->op, index, s->quick, &random, &desc);
    return !is_chosen(k, &desc);
}

/* One descriptor with real and with integer data. False when the implementation was not run. */
static bool check_descriptor(check *k, const op_suite *suite, size_t index) {
    op_harness *h = k->harness;
    bool ran = false, only_integers = h->settings.quick == 2 && !suite->only_real && !is_winograd(k->impl);
    for (int integers = only_integers; integers < 2; integers++) {
        test_random random = random_stream(h->settings.seed, suite->op, index);
        memset(&k->c, 0, sizeof k->c);
        suite->describe(suite->op, index, h->settings.quick, &random, &k->c.desc);
        k->c.desc.op = suite->op;
        k->c.integers = integers;
        if (h->settings.cut) h->device->call_flops = has_fixed_sums(k) ? LEAST_WORK : h->call_flops;
        if (integers && is_winograd(k->impl)) break;
        if (!check_prepare(k)) break;
        if (suite->fill(&k->c, &random)) {
            test_random layout = random_stream(h->settings.seed, index, 1);
            if (!op_layout_create(&k->layout, h->device, &k->c, k->instance->workspace_bytes, &layout))
                check_fail(k, "no buffers");
            check_case(k);
            ran = true;
            check_other_device(k, op_layout_result_hash(&k->layout));
        }
        check_clean(k);
    }
    check_clean(k);
    return ran;
}

void op_harness_check(op_harness *harness, const op_suite *suite, const op_impl *impl) {
    check k = {.harness = harness, .impl = impl};
    size_t ran = 0, count = suite->fixed_count + harness->settings.shapes;
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(&k, suite, i)) ran += check_descriptor(&k, suite, i);
    print_message("    %zu of %zu shapes, largest error %.3f of the bound\n", ran, count, k.worst);
    if (ran) return;
    print_message("    %s\n", harness->last_error);
    if (k.supported && !harness->settings.poor)
        fail_msg("%s of %s was not run on any shape", impl->name, op_name(suite->op));
    skip();
}
