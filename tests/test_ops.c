/* Every op, every implementation of the device's backend, against the reference in double precision. */
#include "op_harness.h"
#include "test_adjoint.h"
#include "test_adjoint_images.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SKIPPED = 77, MAX_TESTS = 256 };

typedef struct impl_test {
    op_harness *harness;
    const op_suite *suite;
    const op_impl *impl;
    char name[96];
} impl_test;

static void check_impl(void **state) {
    const impl_test *test = *state;
    op_harness_check(test->harness, test->suite, test->impl);
}

static void check_adjoint(void **state) {
    adjoint_check(*state);
}

static void check_adjoint_images(void **state) {
    adjoint_images_check(*state);
}

static size_t list_tests(op_harness *harness, impl_test *tests, struct CMUnitTest *units) {
    size_t count = 0;
    for (op_id op = 0; op < OP_COUNT; op++) {
        for (const op_impl *const *impl = harness->device->backend->impls(op); *impl; impl++) {
            assert_true(count < MAX_TESTS - 2);
            impl_test *test = &tests[count];
            *test = (impl_test){harness, op_suites[op], *impl, ""};
            snprintf(test->name, sizeof test->name, "%s [%s]", op_name(op), (*impl)->name);
            units[count++] = (struct CMUnitTest){test->name, check_impl, NULL, NULL, test};
        }
    }
    units[count++] = (struct CMUnitTest){"adjoint identities", check_adjoint, NULL, NULL, harness};
    units[count++] =
        (struct CMUnitTest){"adjoint identities of images", check_adjoint_images, NULL, NULL, harness};
    return count;
}

/* A device that this machine cannot have is no failure; one that it has must open. */
static bool device_must_open(const char *device) {
#if defined(__x86_64__) || defined(__i386__)
    if (strcmp(device, "c:avx512") == 0) return __builtin_cpu_supports("avx512f");
    if (strcmp(device, "c:avx2") == 0) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return strcmp(device, "c") == 0 || strcmp(device, "c:baseline") == 0;
}

int main(void) {
    static impl_test tests[MAX_TESTS];
    static struct CMUnitTest units[MAX_TESTS];
    op_harness harness;
    int result = SKIPPED;
    if (op_harness_open(&harness) == CLAE_OK) {
        const clae_device_info *info = clae_device_get_info(harness.device);
        print_message("%s: %s, %s; CLAE_TEST_SEED=%llu, %zu random shapes for each op\n", harness.settings.device,
                      info->name, info->driver, (unsigned long long)harness.settings.seed, harness.settings.shapes);
        const size_t count = list_tests(&harness, tests, units);
        const char *filter = getenv("CLAE_TEST_ONLY");
        if (filter) cmocka_set_test_filter(filter);
        result = _cmocka_run_group_tests("ops", units, count, NULL, NULL);
    } else {
        print_message("no device %s: %s\n", harness.settings.device, harness.last_error);
        if (device_must_open(harness.settings.device)) result = 1;
    }
    op_harness_close(&harness);
    return result;
}
