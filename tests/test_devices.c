/* Choosing devices. */
#include "backend/backend.h"
#include "backend/device_trust.h"
#include "device_support.h"

static clae_context *context_of(void **state) {
    return ((fixture *)*state)->context;
}

static clae_status open_spec(void **state, const char *spec, char *id, size_t size) {
    clae_device *device = NULL;
    const clae_status status = clae_device_open(context_of(state), spec, &device);
    if (status == CLAE_OK)
        snprintf(id, size, "%s", clae_device_get_info(device)->id);
    else
        assert_null(device);
    clae_device_close(device);
    return status;
}

static void test_list(void **state) {
    clae_device_info *list;
    size_t count, autos = 0;
    assert_int_equal(clae_device_list(context_of(state), &list, &count), CLAE_OK);
    assert_true(count >= 1);
    assert_string_equal(list[count - 1].id, "c");
    for (size_t i = 0; i < count; i++) {
        char id[32];
        autos += list[i].is_auto;
        assert_true(list[i].name[0] && list[i].compute_units > 0);
        assert_false(list[i].is_auto && list[i].problem[0]);
        if (list[i].problem[0]) continue;
        assert_int_equal(open_spec(state, list[i].id, id, sizeof id), CLAE_OK);
        assert_string_equal(id, list[i].id);
    }
    assert_int_equal(autos, 1);
    clae_device_list_free(list);
}

static void test_auto_is_the_marked_one(void **state) {
    clae_device_info *list;
    size_t count;
    char id[32];
    assert_int_equal(clae_device_list(context_of(state), &list, &count), CLAE_OK);
    assert_int_equal(open_spec(state, "auto", id, sizeof id), CLAE_OK);
    for (size_t i = 0; i < count; i++)
        if (list[i].is_auto) assert_string_equal(id, list[i].id);
    clae_device_list_free(list);
}

static void test_missing_device_lists_what_there_is(void **state) {
    fixture *f = *state;
    char id[32];
    assert_int_equal(open_spec(state, "no such device", id, sizeof id), CLAE_ERROR_DEVICE);
    assert_non_null(strstr(f->last_error, "no such device"));
    assert_non_null(strstr(f->last_error, "c ("));
    assert_int_equal(open_spec(state, "97:0", id, sizeof id), CLAE_ERROR_DEVICE);
    assert_int_equal(open_spec(state, "", id, sizeof id), CLAE_ERROR_DEVICE);
}

static void test_instruction_sets(void **state) {
    char id[32];
    assert_int_equal(open_spec(state, "c:baseline", id, sizeof id), CLAE_OK);
    assert_int_equal(open_spec(state, "c:mmx", id, sizeof id), CLAE_ERROR_INPUT);
}

static void test_part_of_a_name(void **state) {
    clae_device_info *list;
    size_t count, with_pthread = 0;
    char id[32];
    assert_int_equal(clae_device_list(context_of(state), &list, &count), CLAE_OK);
    for (size_t i = 0; i < count; i++) with_pthread += strstr(list[i].name, "pthread") != NULL;
    clae_device_list_free(list);
    if (with_pthread != 1) skip();
    assert_int_equal(open_spec(state, "PThread", id, sizeof id), CLAE_OK);
}

static void test_impls(void **state) {
    fixture *f = *state;
    assert_int_equal(impls_check(f->context, "conv2d_fwd=plain,gemm=plain"), CLAE_OK);
    assert_int_equal(impls_check(f->context, "conv2d_fwd=fastest"), CLAE_ERROR_INPUT);
    assert_non_null(strstr(f->last_error, "direct"));
    assert_int_equal(impls_check(f->context, "conv3d=plain"), CLAE_ERROR_INPUT);
    assert_int_equal(impls_check(f->context, "gemm"), CLAE_ERROR_INPUT);
}

/* One implementation serves several ops: what is wrong with one of them says nothing of the others. */
static void test_refused_for_one_op(void **state) {
    fixture *f = *state;
    clae_device *device = NULL;
    assert_int_equal(clae_device_open(f->context, clae_device_get_info(f->device)->id, &device), CLAE_OK);
    const op_desc forward = {.op = OP_activation_fwd, .activation = {ACTIVATION_relu, 1, 0}};
    const op_desc backward = {.op = OP_activation_bwd, .activation = {ACTIVATION_relu, 1, 0}};
    const numerics numerics = {0};
    const op_impl *impl = op_choose(device, &forward, &numerics);
    assert_non_null(impl);
    assert_ptr_equal(op_choose(device, &backward, &numerics), impl);
    assert_int_equal(device_trust_refuse(device, OP_activation_fwd, impl), CLAE_OK);
    assert_ptr_not_equal(op_choose(device, &forward, &numerics), impl);
    assert_ptr_equal(op_choose(device, &backward, &numerics), impl);
    clae_device_close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_auto_is_the_marked_one),
        cmocka_unit_test(test_missing_device_lists_what_there_is),
        cmocka_unit_test(test_instruction_sets),
        cmocka_unit_test(test_part_of_a_name),
        cmocka_unit_test(test_impls),
        cmocka_unit_test(test_refused_for_one_op),
    };
    return cmocka_run_group_tests_name("devices", tests, fixture_setup, fixture_teardown);
}
