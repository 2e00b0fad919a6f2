#include "device_tests.h"

#include <stdlib.h>
#include <string.h>

typedef struct device_tests {
    struct device_tests *next;
    op_desc desc;
    const op_impl *impl;
} device_tests;

bool device_tests_passed(const clae_device *device, const op_desc *desc, const op_impl *impl) {
    for (const device_tests *test = device->tests; test; test = test->next)
        if (test->impl == impl && memcmp(&test->desc, desc, sizeof *desc) == 0) return true;
    return false;
}

void device_tests_remember(clae_device *device, const op_desc *desc, const op_impl *impl) {
    device_tests *test = malloc(sizeof *test);
    if (!test) return;
    memset(test, 0, sizeof *test);
    memcpy(&test->desc, desc, sizeof *desc);
    test->impl = impl;
    test->next = device->tests;
    device->tests = test;
}

void device_tests_free(clae_device *device) {
    while (device->tests) {
        device_tests *test = device->tests;
        device->tests = test->next;
        free(test);
    }
}
