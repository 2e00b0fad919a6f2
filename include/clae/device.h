/* Devices: OpenCL devices as P:D (platform:device) and the plain C backend as "c". */
#ifndef CLAE_DEVICE_H
#define CLAE_DEVICE_H

#include <clae/context.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_device clae_device;

typedef enum clae_device_type { CLAE_DEVICE_CPU, CLAE_DEVICE_GPU, CLAE_DEVICE_ACCELERATOR } clae_device_type;

typedef struct clae_device_info {
    char id[32];      /* "0:1", or "c" */
    char backend[16]; /* "opencl" or "c" */
    clae_device_type type;
    char vendor[96];
    char name[128];
    char platform[128];
    char driver[128]; /* OpenCL: driver version; plain C: instruction set, "avx2" */
    uint64_t memory_bytes;
    uint64_t largest_allocation_bytes;
    uint64_t local_memory_bytes; /* 0 where there is none of its own */
    unsigned compute_units;      /* plain C: threads */
    bool is_auto;                /* the one that "auto" takes */
} clae_device_info;

CLAE_API const char *clae_device_type_text(clae_device_type type);

/* All devices that there are, plain C last. A platform without devices, a broken one or no OpenCL at all is no error.
 * The list is freed by clae_device_list_free. */
CLAE_API clae_status clae_device_list(clae_context *context, clae_device_info **list, size_t *count);
CLAE_API void clae_device_list_free(clae_device_info *list);

/* Opens a device. `spec` is one of
 *   "auto" or NULL  the best device: GPUs first, plain C with one line of explanation where nothing else works
 *   "c", "c:avx2"   plain C, with the best or the named instruction set (baseline, avx2, avx512)
 *   "opencl", "gpu", "cpu"  the first OpenCL device, or the first one of that type
 *   "P:D" or "P.D"  an OpenCL device by platform and number
 *   anything else   a part of the name of exactly one device, in any case
 * CLAE_ERROR_DEVICE, with the devices listed in the message, when there is none; CLAE_ERROR_INPUT, with the matches
 * listed, when the name is ambiguous. */
CLAE_API clae_status clae_device_open(clae_context *context, const char *spec, clae_device **device);

/* Everything made on the device must be freed before. */
CLAE_API void clae_device_close(clae_device *device);

CLAE_API const clae_device_info *clae_device_get_info(const clae_device *device);

#ifdef __cplusplus
}
#endif
#endif
