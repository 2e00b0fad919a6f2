/* Which ops a device has already proved to compute rightly. */
#ifndef CLAE_DEVICE_TESTS_H
#define CLAE_DEVICE_TESTS_H

#include "backend.h"

bool device_tests_passed(const clae_device *device, const op_desc *desc, const op_impl *impl);
/* Keeps it; a lack of memory only means that the test is made again. */
void device_tests_remember(clae_device *device, const op_desc *desc, const op_impl *impl);
void device_tests_free(clae_device *device);

#endif
