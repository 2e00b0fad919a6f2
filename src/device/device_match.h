/* Which devices a specification means, and in which order they are tried. */
#ifndef CLAE_DEVICE_DEVICE_MATCH_H
#define CLAE_DEVICE_DEVICE_MATCH_H

#include "backend/backend.h"

typedef enum device_match {
    DEVICE_MATCH_KIND, /* "auto", "opencl", "gpu", "cpu": the first that works */
    DEVICE_MATCH_ONE,  /* a number or a name: this one or none */
} device_match;

/* A GPU that is no emulator. */
bool device_is_gpu(const clae_device_info *info);

/* Gathers those that `spec` means, best first: GPUs, plain C, then other OpenCL devices, emulators last; "auto" means
 * all. `order` has room for all of the list. */
device_match devices_match(const clae_device_info *list, size_t count, const char *spec, const clae_device_info **order,
                           size_t *found);

/* The one of several that are the same card under several platforms, by the platform of its vendor; NULL when they are
 * not, or there is no such one. */
const clae_device_info *devices_same_card(const clae_device_info *const *order, size_t count);

#endif
