/* The instruction sets of the plain C backend: each can be forced, and one that the machine lacks is refused. */
#include <clae/device.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct fixture {
    clae_context *context;
    char last_error[256];
} fixture;

static void keep_error(void *user, clae_log_level level, const char *line) {
    fixture *f = user;
    if (level == CLAE_LOG_ERROR) snprintf(f->last_error, sizeof f->last_error, "%s", line);
}

static int create(void **state) {
    fixture *f = calloc(1, sizeof *f);
    clae_context_options options = {.log = keep_error, .log_user = f};
    *state = f;
    return clae_context_create(&options, &f->context) == CLAE_OK ? 0 : -1;
}

static int destroy(void **state) {
    fixture *f = *state;
    clae_context_free(f->context);
    free(f);
    return 0;
}

static bool has(const char *isa) {
#if defined(__x86_64__) || defined(__i386__)
    if (strcmp(isa, "avx512") == 0) return __builtin_cpu_supports("avx512f");
    if (strcmp(isa, "avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return strcmp(isa, "baseline") == 0;
}

static void check_forced(fixture *f, const char *isa) {
    char spec[32];
    clae_device *device = NULL;
    snprintf(spec, sizeof spec, "c:%s", isa);
    clae_status status = clae_device_open(f->context, spec, &device);
    if (!has(isa)) {
        assert_int_equal(status, CLAE_ERROR_DEVICE);
        assert_non_null(strstr(f->last_error, isa));
        return;
    }
    assert_int_equal(status, CLAE_OK);
    assert_string_equal(clae_device_get_info(device)->driver, isa);
    assert_string_equal(clae_device_get_info(device)->backend, "c");
    clae_device_close(device);
}

static void forces_baseline(void **state) {
    check_forced(*state, "baseline");
}
static void forces_avx2(void **state) {
    check_forced(*state, "avx2");
}
static void forces_avx512(void **state) {
    check_forced(*state, "avx512");
}

static void takes_the_best(void **state) {
    fixture *f = *state;
    clae_device *device = NULL;
    assert_int_equal(clae_device_open(f->context, "c", &device), CLAE_OK);
    const char *best = has("avx512") ? "avx512" : has("avx2") ? "avx2" : "baseline";
    assert_string_equal(clae_device_get_info(device)->driver, best);
    clae_device_close(device);
}

static void refuses_an_unknown_one(void **state) {
    fixture *f = *state;
    clae_device *device = NULL;
    clae_status status = clae_device_open(f->context, "c:sse9", &device);
    assert_true(status == CLAE_ERROR_INPUT || status == CLAE_ERROR_DEVICE);
    assert_null(device);
    assert_non_null(strstr(f->last_error, "baseline")); /* says what there is */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forces_baseline, create, destroy),
        cmocka_unit_test_setup_teardown(forces_avx2, create, destroy),
        cmocka_unit_test_setup_teardown(forces_avx512, create, destroy),
        cmocka_unit_test_setup_teardown(takes_the_best, create, destroy),
        cmocka_unit_test_setup_teardown(refuses_an_unknown_one, create, destroy),
    };
    return cmocka_run_group_tests_name("isa", tests, NULL, NULL);
}
