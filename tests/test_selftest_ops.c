/* The self-test of ops by themselves, by every implementation: right ones pass, on shapes of networks within a time
 * that does not grow with the square of their size. */
#include "check/selftest.h"
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ops_pass),
    };
    return cmocka_run_group_tests_name("selftest_ops", tests, fixture_setup, fixture_teardown);
}
