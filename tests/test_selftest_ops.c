/* The self-test of ops by themselves, by every implementation: right ones pass, on shapes of networks within a time
 * that does not grow with the square of their size. */
#include "check/selftest.h"
#include "check/selftest_positions.h"
#include "device_support.h"

static const op_desc ops[] = {
    {.op = OP_batch_norm_train_fwd,
     .norm = {.images = 64, .pixels = 28 * 28, .channels = 32, .epsilon = 1e-5, .momentum = 0.1}},
    {.op = OP_batch_norm_eval_fwd, .norm = {.images = 64, .pixels = 28 * 28, .channels = 32, .epsilon = 1e-5}},
    {.op = OP_batch_norm_bwd, .norm = {.images = 64, .pixels = 28 * 28, .channels = 32, .epsilon = 1e-5}},
    {.op = OP_batch_norm_train_fwd,
     .norm = {.images = 9, .pixels = 50, .channels = 3, .epsilon = 1e-5, .momentum = 0.1}},
    {.op = OP_batch_norm_bwd, .norm = {.images = 9, .pixels = 50, .channels = 3, .epsilon = 1e-5}},
    {.op = OP_group_norm_fwd, .norm = {.images = 64, .pixels = 28 * 28, .channels = 32, .groups = 8, .epsilon = 1e-5}},
    {.op = OP_group_norm_bwd, .norm = {.images = 64, .pixels = 28 * 28, .channels = 32, .groups = 8, .epsilon = 1e-5}},
    {.op = OP_group_norm_fwd, .norm = {.images = 9, .pixels = 49, .channels = 5, .groups = 5, .epsilon = 1e-5}},
    {.op = OP_group_norm_bwd, .norm = {.images = 9, .pixels = 49, .channels = 5, .groups = 1, .epsilon = 1e-5}},
};

static void print_result(void *user, const selftest_result *result) {
    (void)user;
    if (!result->is_done) return;
    print_message("%s by %s: %.3g of the bound%s%s\n", result->op, result->impl, result->difference,
                  result->failure[0] ? ", " : "", result->failure);
}

static void check_op(fixture *f, const op_desc *desc, const op_impl *impl) {
    plan_node node = {.desc = *desc, .layer = ""};
    const numerics numerics = {0};
    const op_choice choice = {.impl = impl, .numerics = &numerics};
    const plan plan = {.device = f->device, .nodes = &node, .node_count = 1};
    if (!impl->supports(f->device, desc)) return;
    assert_int_equal(impl->prepare(f->device, desc, &choice, &node.instance), CLAE_OK);
    const clae_status status = selftest_report(&plan, print_result, NULL);
    op_release(node.instance);
    assert_int_equal(status, CLAE_OK);
}

static void test_ops_pass(void **state) {
    fixture *f = *state;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        for (const op_impl *const *impl = f->device->backend->impls(ops[i].op); *impl; impl++)
            check_op(f, &ops[i], *impl);
}

/* Of many elements some are tried, and vectors of up to 16 leave over what they leave over of all. */
static void test_elements_left_over(void **state) {
    const fixture *f = *state;
    for (size_t count = ((size_t)1 << 27) - 50; count < (size_t)1 << 27; count++) {
        const op_desc add = {.op = OP_add, .add.count = count};
        const op_desc update = {.op = OP_update, .update = {.optimiser = OPTIMISER_adam, .count = count}};
        const op_desc add_trial = selftest_desc(f->device, &add), update_trial = selftest_desc(f->device, &update);
        assert_true(add_trial.add.count < count && update_trial.update.count < count);
        assert_int_equal(add_trial.add.count % 48, count % 48);
        assert_int_equal(update_trial.update.count % 48, count % 48);
    }
}

/* Few images, of which a device manages some: groups of 12 at least leave over the same. */
static void test_images_left_over(void **state) {
    const fixture *f = *state;
    for (size_t images = 1; images < 200; images++) {
        const op_desc op = {.op = OP_batch_norm_eval_fwd,
                            .norm = {.images = images, .pixels = 1 << 16, .channels = 16, .epsilon = 1e-5}};
        const op_desc trial = selftest_desc(f->device, &op);
        assert_true(trial.norm.images > 0 && trial.norm.images <= images);
        assert_int_equal(trial.norm.images % 12, images % 12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops_pass),
        cmocka_unit_test(test_elements_left_over),
        cmocka_unit_test(test_images_left_over),
    };
    return cmocka_run_group_tests_name("selftest_ops", tests, fixture_setup, fixture_teardown);
}
