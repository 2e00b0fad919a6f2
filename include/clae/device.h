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
    char board[128];             /* the name that a card is sold by, where the driver knows it; "" otherwise */
    char pci_address[16];        /* "0000:03:00.0"; "" where it is not known */
    unsigned vendor_id;          /* of PCI; 0 where it is not known */
    bool is_emulator;            /* it has the speed of no device: an emulator or a simulator */
    char problem[256];           /* why it cannot be used, as far as that is known; "" otherwise */
} clae_device_info;

CLAE_API const char *clae_device_type_text(clae_device_type type);

/* All devices that there are, plain C last. A platform without devices, a broken one or no OpenCL at all is no error:
 * drivers are asked in a process of their own, and one that dies there is left out with a warning. GPUs are tried there
 * until one works, which is what "auto" takes. A context asks once. The list is freed by clae_device_list_free. */
CLAE_API clae_status clae_device_list(clae_context *context, clae_device_info **list, size_t *count);
CLAE_API void clae_device_list_free(clae_device_info *list);

/* Opens a device. `spec` is one of
 *   "auto" or NULL  a GPU, if one works; otherwise plain C; where that cannot be opened, another OpenCL device
 *   "c", "c:avx2"   plain C, with the best or the named instruction set (baseline, avx2, avx512); calls no OpenCL
 *   "opencl", "gpu", "cpu"  the first OpenCL device that works, or the first of that type: GPUs, CPUs, accelerators, and
 *                   emulators last
 *   "P:D" or "P.D"  an OpenCL device by platform and number
 *   anything else   a part of the name of exactly one device, of its card or of its platform, in any case; of a card
 *                   that several platforms have, its vendor's platform is taken
 * An OpenCL device is tried in a process of its own before it is opened: version, compiler, a small kernel with a known
 * answer. Of several that may be taken, those that fail are passed over with a warning each; a device that is named is
 * refused. CLAE_ERROR_DEVICE, with the reason or the devices that there are in the message, when there is none;
 * CLAE_ERROR_INPUT, with the matches listed, when the name is ambiguous.
 *
 * In two cases opening changes the environment of the process: OCL_ICD_VENDORS, when a driver died when it was asked for
 * its devices, and POCL_CACHE_DIR, when pocl died with its cache. */
CLAE_API clae_status clae_device_open(clae_context *context, const char *spec, clae_device **device);

/* Everything made on the device must be freed before. */
CLAE_API void clae_device_close(clae_device *device);

CLAE_API const clae_device_info *clae_device_get_info(const clae_device *device);

#ifdef __cplusplus
}
#endif
#endif
