/* The self-test and the comparison of devices find what computes wrongly, and nothing else. */
#include "device_support.h"
#include "graph/selftest.h"
#include "train/compare.h"
#include "train/trainer.h"

#include <math.h>

typedef struct reports {
    size_t count, failed;
} reports;

static void count_report(void *user, const selftest_result *result) {
    reports *r = user;
    r->count++;
    r->failed += !result->passed;
}

/* An implementation that does what another does, and then spoils one element. */
typedef struct spoiled_instance {
    op_instance base;
    op_instance *right;
} spoiled_instance;

static clae_status run_spoiled(op_instance *instance, const op_args *args) {
    const clae_status status = op_run(((spoiled_instance *)instance)->right, args);
    const view y = args->operand[CONV_Y];
    float value;
    if (status != CLAE_OK) return status;
    assert_int_equal(buffer_download(y.buffer, (y.offset + 7) * sizeof value, &value, sizeof value), CLAE_OK);
    value += 0.01f * (1 + fabsf(value));
    return buffer_upload(y.buffer, (y.offset + 7) * sizeof value, &value, sizeof value);
}

static void release_spoiled(op_instance *instance) {
    op_release(((spoiled_instance *)instance)->right);
    free(instance);
}

static clae_status prepare_spoiled(clae_device *device, const op_desc *desc, op_instance **instance);
static bool supports(const clae_device *device, const op_desc *desc) {
    return device && desc;
}
static const op_impl spoiled = {.name = "spoiled", .supports = supports, .prepare = prepare_spoiled};
static const op_impl *const *(*right_impls)(op_id op);
static const op_impl *spoiled_list[16];

static clae_status prepare_spoiled(clae_device *device, const op_desc *desc, op_instance **instance) {
    spoiled_instance *s = calloc(1, sizeof *s);
    const op_impl *const *right = right_impls(desc->op);
    while (right[1]) right++; /* the last one does everything */
    assert_int_equal((*right)->prepare(device, desc, &s->right), CLAE_OK);
    s->base = (op_instance){.impl = &spoiled,
                            .device = device,
                            .desc = *desc,
                            .workspace_bytes = s->right->workspace_bytes,
                            .run = run_spoiled,
                            .release = release_spoiled};
    *instance = &s->base;
    return CLAE_OK;
}

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
                                  .loss = true,
                                  .backward = true};
    assert_int_equal(plan_prepare(&request, &p), CLAE_OK);
    assert_int_equal(selftest_plan(p, count_report, &r), CLAE_OK);
    assert_true(r.count == p->node_count && r.failed == 0);
    plan_free(p);
    clae_model_free(model);
}

static void test_no_winograd(void **state) {
    fixture *f = *state;
    const op_desc desc = {.op = OP_conv2d_bwd_weights,
                          .conv = {.g = {4, 24, 24, 32, 20, 20, 32, 5, 5, 1, 1, 0, 0}, .with_bias = true}};
    const bool is_c = strcmp(f->device->backend->name, "c") == 0;
    assert_true(!is_c || op_choose(f->device, &desc)->mixing > 0);
    f->context->no_winograd = true;
    const op_impl *impl = op_choose(f->device, &desc);
    f->context->no_winograd = false;
    assert_true(impl && impl->mixing == 0);
}

static op_arithmetic arithmetic_of(clae_device *device, const op_desc *desc, clae_precision precision) {
    op_instance *instance = NULL;
    device->context->precision = precision;
    const clae_status status = op_prepare(device, desc, "mma", &instance);
    device->context->precision = CLAE_PRECISION_FP32;
    assert_int_equal(status, CLAE_OK);
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
    assert_true(!(*impl)->suits(f->device, &desc)); /* unless it is asked for */
    const op_arithmetic fp32 = arithmetic_of(f->device, &desc, CLAE_PRECISION_FP32);
    const op_arithmetic tf32 = arithmetic_of(f->device, &desc, CLAE_PRECISION_TF32);
    assert_true((fp32 == OP_3XTF32 && tf32 == OP_TF32) || (fp32 == OP_FLOAT32 && tf32 == OP_FLOAT32));
}

static void test_selftest_refuses(void **state) {
    fixture f = {0};
    backend copy;
    clae_trainer *trainer = NULL;
    (void)state;
    assert_int_equal(fixture_open(&f, 0), CLAE_OK);
    spoil(f.device, &copy);
    clae_dataset *dataset = noise_dataset(f.context, 8, 1, 9, 9);
    clae_model *model = small_model(f.context, 1);
    const clae_train_options options = {.batch_size = 4};
    assert_int_equal(clae_trainer_create(f.device, model, dataset, &options, &trainer), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f.last_error, "computes wrongly"));
    clae_model_free(model);
    clae_dataset_free(dataset);
    fixture_close(&f);
}

static void test_compare(void **state) {
    fixture *f = *state, judge = {0};
    compare_result result;
    assert_int_equal(fixture_open(&judge, 1), CLAE_OK);
    clae_device_close(judge.device);
    assert_int_equal(clae_device_open(judge.context, "c:baseline", &judge.device), CLAE_OK);
    clae_dataset *dataset = noise_dataset(f->context, 40, 1, 9, 9);
    clae_model *model = small_model(f->context, 1);
    clae_device *const devices[2] = {judge.device, f->device};
    const compare_options options = {.train = {.batch_size = 8}, .steps = 12, .op_steps = 3};
    assert_int_equal(compare_run(devices, model, dataset, &options, &result), CLAE_OK);
    for (size_t i = 0; i < result.op_count; i++)
        if (!result.ops[i].passed)
            fail_msg("%s %s: %.3g, %.3g of the bound", result.ops[i].layer, result.ops[i].op, result.ops[i].difference,
                     result.ops[i].share);
    assert_null(result.first_broken);
    assert_int_equal(result.loss_count, 12);
    assert_true(result.losses[11].loss[0] > 0 && result.losses[0].bound > 0);
    assert_true(result.passed);
    compare_free(&result);
    clae_model_free(model);
    clae_dataset_free(dataset);
    fixture_close(&judge);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selftest_passes),  cmocka_unit_test(test_no_winograd), cmocka_unit_test(test_precision),
        cmocka_unit_test(test_selftest_refuses), cmocka_unit_test(test_compare),
    };
    return cmocka_run_group_tests_name("compare", tests, fixture_setup, fixture_teardown);
}
