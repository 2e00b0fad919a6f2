/* The self-test and the comparison of devices find what computes wrongly, and nothing else. */
#include "device_support.h"
#include "check/selftest.h"
#include "app/measure/compare.h"
#include "train/trainer.h"

#include <math.h>

typedef struct reports {
    size_t count, failed;
} reports;

static void count_report(void *user, const selftest_result *result) {
    reports *r = user;
    r->count += result->is_done;
    r->failed += result->is_done && !result->passed;
}

/* An implementation that does what another does, and then spoils one element; or, as faults do that come late, only
 * where Winograd's algorithm is not used, as in the trainings whose losses are compared. */
static bool spoils_losses_alone;
typedef struct spoiled_instance {
    op_instance base;
    op_instance *right;
    bool is_spoiled;
} spoiled_instance;

static clae_status run_spoiled(op_instance *instance, const op_args *args) {
    const clae_status status = op_run(((spoiled_instance *)instance)->right, args);
    const view y = args->operand[CONV_Y];
    float value;
    if (status != CLAE_OK || !((spoiled_instance *)instance)->is_spoiled) return status;
    assert_int_equal(buffer_download(y.buffer, (y.offset + 7) * sizeof value, &value, sizeof value), CLAE_OK);
    value += 0.01f * (1 + fabsf(value));
    return buffer_upload(y.buffer, (y.offset + 7) * sizeof value, &value, sizeof value);
}

static void release_spoiled(op_instance *instance) {
    op_release(((spoiled_instance *)instance)->right);
    free(instance);
}

static bool supports(const clae_device *device, const op_desc *desc) {
    return device && desc;
}
static const op_impl *const *(*right_impls)(op_id op);
static const op_impl *spoiled_list[16];

static clae_status prepare_spoiled(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    spoiled_instance *s = calloc(1, sizeof *s);
    const op_impl *const *right = right_impls(desc->op);
    while (right[1]) right++; /* the last one does everything */
    const op_choice last = {.impl = *right, .numerics = choice->numerics};
    assert_int_equal((*right)->prepare(device, desc, &last, &s->right), CLAE_OK);
    s->is_spoiled = !spoils_losses_alone || choice->numerics->no_winograd;
    s->base = (op_instance){.impl = choice->impl,
                            .device = device,
                            .desc = *desc,
                            .workspace_bytes = s->right->workspace_bytes,
                            .run = run_spoiled,
                            .release = release_spoiled};
    *instance = &s->base;
    return CLAE_OK;
}

/* The name is that of another one, as forced ones are those that there are. */
static const op_impl spoiled = {.name = "plain", .supports = supports, .prepare = prepare_spoiled};

static const op_impl *const *impls_with_spoiled(op_id op) {
    if (op != OP_conv_transpose2d_fwd) return right_impls(op);
    const op_impl *const *right = right_impls(op);
    size_t count = 0;
    spoiled_list[count++] = &spoiled;
    while (*right) spoiled_list[count++] = *right++;
    spoiled_list[count] = NULL;
    return spoiled_list;
}

/* The device with one kernel that computes wrongly. */
static void spoil(clae_device *device, backend *copy) {
    *copy = *device->backend;
    right_impls = copy->impls;
    copy->impls = impls_with_spoiled;
    device->backend = copy;
}

static void test_selftest_passes(void **state) {
    fixture *f = *state;
    clae_model *model = NULL;
    plan *p = NULL;
    reports r = {0, 0};
    assert_int_equal(clae_model_create_lecture(f->context, 32, 8, 0, &model), CLAE_OK);
    const plan_request request = {.device = f->device,
                                  .model = model,
                                  .batch_size = 5,
                                  .load_batch = true,
                                  .encode = true,
                                  .decode = true,
                                  .backward = true};
    assert_int_equal(plan_prepare(&request, &p), CLAE_OK);
    bool refused = true;
    assert_int_equal(selftest_report(p, count_report, &r), CLAE_OK);
    assert_true(r.count == p->node_count && r.failed == 0);
    assert_int_equal(selftest_plan(p, NULL, &refused), CLAE_OK);
    assert_false(refused);
    plan_free(p);
    clae_model_free(model);
}

static void test_no_winograd(void **state) {
    fixture *f = *state;
    const op_desc desc = {.op = OP_conv2d_bwd_weights,
                          .conv = {.g = {4, 24, 24, 32, 20, 20, 32, 5, 5, 1, 1, 0, 0}, .with_bias = true}};
    const bool is_c = strcmp(f->device->backend->name, "c") == 0;
    assert_true(!is_c || op_choose(f->device, &desc, &(numerics){0})->mixing > 0);
    const op_impl *impl = op_choose(f->device, &desc, &(numerics){.no_winograd = true});
    assert_true(impl && impl->mixing == 0);
}

/* An implementation that is forced on some devices is not on others. */
static void test_forced_on_one(void **state) {
    fixture *f = *state;
    char own[64];
    snprintf(own, sizeof own, "%s:conv2d_fwd=plain", f->device->info.id);
    const bool is_c = strcmp(f->device->backend->name, "c") == 0;
    const struct {
        const char *impls;
        bool is_forced;
    } cases[] = {{"c:conv2d_fwd=plain", is_c},
                 {"99:7:conv2d_fwd=plain", false},
                 {own, true},
                 {"conv2d_fwd=plain", true},
                 {"gemm=plain", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const numerics numerics = {.impls = cases[i].impls};
        assert_int_equal(impls_check(f->context, cases[i].impls), CLAE_OK);
        assert_int_equal(op_is_forced(f->device, OP_conv2d_fwd, &numerics), cases[i].is_forced);
    }
    assert_int_equal(impls_check(f->context, "gpu:conv2d_fwd=plain"), CLAE_ERROR_INPUT);
    assert_int_equal(impls_check(f->context, "0:1:conv2d_fwd=nothing"), CLAE_ERROR_INPUT);
}

static op_arithmetic arithmetic_of(clae_device *device, const op_desc *desc, bool tf32) {
    op_instance *instance = NULL;
    const numerics numerics = {.impls = "conv2d_fwd=mma", .tf32 = tf32};
    assert_int_equal(op_prepare(device, desc, &numerics, &instance), CLAE_OK);
    const op_arithmetic arithmetic = instance->arithmetic;
    op_release(instance);
    return arithmetic;
}

static void test_precision(void **state) {
    fixture *f = *state;
    const op_desc desc = {.op = OP_conv2d_fwd, .conv = {.g = {2, 6, 6, 8, 4, 4, 8, 3, 3, 1, 1, 0, 0}}};
    const op_impl *const *impl = f->device->backend->impls(desc.op);
    while (*impl && strcmp((*impl)->name, "mma") != 0) impl++;
    if (!*impl || !(*impl)->supports(f->device, &desc)) skip();
    assert_ptr_not_equal(op_choose(f->device, &desc, &(numerics){0}), *impl); /* unless it is asked for */
    const op_arithmetic fp32 = arithmetic_of(f->device, &desc, false);
    const op_arithmetic tf32 = arithmetic_of(f->device, &desc, true);
    assert_true((fp32 == OP_3XTF32 && tf32 == OP_TF32) || (fp32 == OP_FLOAT32 && tf32 == OP_FLOAT32));
}

typedef struct lines {
    size_t warnings, errors;
    char warning[1024], error[1024];
} lines;

static void count_lines(void *user, clae_log_level level, const char *line) {
    lines *l = user;
    l->warnings += level == CLAE_LOG_WARNING;
    l->errors += level == CLAE_LOG_ERROR;
    if (level == CLAE_LOG_WARNING) snprintf(l->warning, sizeof l->warning, "%s", line);
    if (level == CLAE_LOG_ERROR) snprintf(l->error, sizeof l->error, "%s", line);
}

/* Trains a step, with the spoiled kernel first among those of its op. */
static clae_status train_spoiled(lines *seen, const char *impls) {
    fixture opened = {0}, *f = &opened;
    backend copy;
    clae_trainer *trainer = NULL;
    assert_int_equal(fixture_open(f, 0), CLAE_OK);
    f->context->log = count_lines;
    f->context->log_user = seen;
    f->context->log_level = CLAE_LOG_WARNING;
    spoil(f->device, &copy);
    clae_dataset *dataset = noise_dataset(f->context, 8, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_settings settings = settings_of(4, 1e-3);
    settings.impl = impls;
    clae_status status = clae_trainer_create(f->device, model, dataset, &settings, &trainer);
    if (status == CLAE_OK) status = clae_trainer_run(trainer, 1);
    for (size_t i = 0; status == CLAE_OK && i < trainer->full->node_count; i++)
        assert_ptr_not_equal(trainer->full->nodes[i].instance->impl, &spoiled);
    clae_trainer_free(trainer);
    clae_model_free(model);
    clae_dataset_free(dataset);
    fixture_close(f);
    return status;
}

/* What computes wrongly is refused with one warning, and the next implementation is taken; unless it is forced. */
static void test_selftest_refuses(void **state) {
    (void)state;
    const struct {
        const char *impls;
        clae_status status;
        size_t warnings, errors;
    } cases[] = {{NULL, CLAE_OK, 1, 0}, {"conv_transpose2d_fwd=plain", CLAE_ERROR_DEVICE, 0, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lines seen = {0};
        assert_int_equal(train_spoiled(&seen, cases[i].impls), cases[i].status);
        assert_int_equal(seen.warnings, cases[i].warnings);
        assert_int_equal(seen.errors, cases[i].errors);
        const char *line = seen.errors ? seen.error : seen.warning;
        if (!strstr(line, "conv_transpose2d_fwd") || !strstr(line, "plain") || !strstr(line, "computes wrongly"))
            fail_msg("%s", line);
    }
}

/* The first device, to which another one is compared. */
static void open_first(fixture *first) {
    assert_int_equal(fixture_open(first, 1), CLAE_OK);
    clae_device_close(first->device);
    assert_int_equal(clae_device_open(first->context, "c:baseline", &first->device), CLAE_OK);
}

/* Of a small training; `impl` is forced on the second device alone. */
enum { STEPS = 60 };
static void run_comparison(clae_device *first, clae_device *second, const char *impl, compare_result *result) {
    clae_device *const devices[2] = {first, second};
    clae_dataset *dataset = noise_dataset(second->context, 40, 1, 9, 9);
    clae_model *model = small_model(second->context, 1);
    const size_t bytes = model->parameter_floats * sizeof(float);
    float *weights = malloc(bytes);
    memcpy(weights, model->parameters, bytes);
    const clae_settings settings = settings_of(8, 1e-3);
    clae_settings forced = settings;
    forced.impl = impl;
    const compare_options options = {.settings = {&settings, &forced}, .steps = STEPS, .op_steps = 3};
    assert_int_equal(compare_run(devices, model, dataset, &options, result), CLAE_OK);
    assert_memory_equal(model->parameters, weights, bytes);
    assert_int_equal(result->loss_count, STEPS);
    free(weights);
    clae_model_free(model);
    clae_dataset_free(dataset);
}

static void test_compare(void **state) {
    fixture *f = *state, first = {0};
    compare_result result;
    bool differs = false;
    open_first(&first);
    run_comparison(first.device, f->device, "conv2d_fwd=plain", &result);
    for (size_t i = 0; i < result.op_count; i++) {
        const compare_op *op = &result.ops[i];
        if (!op->passed) fail_msg("%s %s: %.3g, %.3g of the bound", op->layer, op->op, op->difference, op->share);
        if (strncmp(op->op, "conv2d_fwd ", 11) != 0) continue;
        assert_string_equal(op->impl[1], "plain");
        differs = differs || strcmp(op->impl[0], "plain") != 0;
    }
    assert_true(differs);
    assert_null(result.first_broken);
    for (size_t i = 0; i < result.loss_count; i++) {
        const compare_loss *l = &result.losses[i];
        assert_true(l->loss[0] > 0 && l->bound >= 2e-6 && l->bound >= 4 * l->rounding);
        if (!l->passed) fail_msg("step %zu: losses differ by %.3g, bound %.3g", i + 1, l->difference, l->bound);
    }
    /* Some weights were moved, and by no more than roundings. */
    assert_true(result.losses[STEPS - 1].rounding > 0 && result.losses[0].rounding < 1e-5);
    assert_true(result.passed);
    compare_free(&result);
    fixture_close(&first);
}

/* Where one device makes chains of convolutions, the other does, and nothing is taken apart. */
static void test_chains_of_one(void **state) {
    fixture *f = *state, first = {0};
    compare_result result;
    size_t chains = 0, activations = 0;
    open_first(&first);
    run_comparison(first.device, f->device, "conv_chain_fwd=stages,conv_chain_bwd_data=stages", &result);
    for (size_t i = 0; i < result.op_count; i++) {
        chains += strncmp(result.ops[i].op, "conv_chain_", 11) == 0 && strcmp(result.ops[i].impl[0], "stages") == 0;
        activations += strncmp(result.ops[i].op, "activation_", 11) == 0;
    }
    assert_true(result.passed && chains > 1 && activations == 0);
    compare_free(&result);
    fixture_close(&first);
}

/* What begins after the ops have been compared. */
static void test_losses_find_a_late_fault(void **state) {
    (void)state;
    fixture first = {0}, second = {0};
    compare_result result;
    backend copy;
    open_first(&first);
    assert_int_equal(fixture_open(&second, 0), CLAE_OK);
    spoil(second.device, &copy);
    spoils_losses_alone = true;
    run_comparison(first.device, second.device, NULL, &result);
    spoils_losses_alone = false;
    assert_null(result.first_broken);
    assert_false(result.passed);
    assert_false(result.losses[0].passed);
    compare_free(&result);
    fixture_close(&second);
    fixture_close(&first);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selftest_passes), cmocka_unit_test(test_no_winograd),
        cmocka_unit_test(test_precision),       cmocka_unit_test(test_selftest_refuses),
        cmocka_unit_test(test_compare),         cmocka_unit_test(test_losses_find_a_late_fault),
        cmocka_unit_test(test_forced_on_one),   cmocka_unit_test(test_chains_of_one),
    };
    return cmocka_run_group_tests_name("compare", tests, fixture_setup, fixture_teardown);
}
