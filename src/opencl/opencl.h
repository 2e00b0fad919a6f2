/* The insides of the OpenCL backend. */
#ifndef CLAE_OPENCL_OPENCL_H
#define CLAE_OPENCL_OPENCL_H

#include "backend/backend.h"
#include "opencl/pocl_start.h"

#define CL_TARGET_OPENCL_VERSION 120
#if defined(__APPLE__) && !__has_include(<CL/cl.h>)
#include <OpenCL/cl.h> /* of Apple's framework */
#else
#include <CL/cl.h>
#endif

/* What default parameters are chosen by; made from the device's type and what a probe shows, never from its vendor's
 * name. */
typedef enum opencl_class {
    OPENCL_CLASS_CPU, /* one-item work-groups, explicit vectors, no local memory of its own */
    OPENCL_CLASS_GPU, /* work-groups that share local memory */
} opencl_class;

/* What multiplies small matrices; the values are those of MMA in cl/mma.cl. */
typedef enum opencl_mma {
    OPENCL_MMA_STAND_IN,  /* plain C, for tests: the same elements in the same items */
    OPENCL_MMA_PTX,       /* NVIDIA's tensor cores */
    OPENCL_MMA_MFMA,      /* AMD's matrix cores, in floats */
    OPENCL_MMA_DPAS,      /* Intel's matrix engines, in sub-groups of 16, by TF32 */
    OPENCL_MMA_DPAS_BF16, /* in sub-groups of 8, by BF16 */
    OPENCL_MMA_COUNT
} opencl_mma;

typedef struct opencl_program_cache opencl_program_cache;

typedef struct opencl_device {
    clae_device base;
    cl_platform_id platform;
    cl_device_id id;
    cl_context context;
    cl_command_queue queue; /* in order */
    opencl_class class;
    bool loops_end_early;  /* kernels in CPU style, whose work-items loop long, compute wrongly */
    bool without_fma;      /* kernels multiply and add in its place */
    bool keeps_programs;   /* it has a cache of its own, compiles again for a binary, and is slow with each program */
    bool names_only;       /* programs are named, not built, and what is prepared cannot be run: for lists of them */
    unsigned vector_width; /* floats, preferred by the device: 4, 8 or 16 on CPUs */
    size_t max_work_group_items;
    size_t local_bytes; /* of local memory, whether it is of its own or emulated; 0: not known */
    unsigned build_failures, kernels_made;
    pocl_start start; /* of pocl only */
    opencl_mma mma, mma_layout; /* whose elements are in whose items: that of `mma`, of the stand-in any other one's */
    bool asm_has_underscores; /* inline PTX is spelled __asm__, not asm */
    bool mma_fails;           /* matrix units that it should have cannot be used */
    bool mma_is_missed;       /* and that was said */
    opencl_program_cache *programs; /* built programs of this device, by file and options */
} opencl_device;

typedef struct opencl_buffer {
    buffer base;
    cl_mem memory;
} opencl_buffer;

static inline opencl_device *opencl_device_of(clae_device *device) {
    return (opencl_device *)device;
}
static inline cl_mem opencl_memory_of(view v) {
    return ((opencl_buffer *)v.buffer)->memory;
}

/* A kernel; of a program that waits to be built it is made when it is first used. */
typedef struct opencl_kernel {
    opencl_device *device;
    struct opencl_program *program;
    cl_kernel kernel; /* NULL: not made yet */
    char name[48];
} opencl_kernel;

/* Builds cl/<file> with `options` ("-DN=3 -DM=4"; the prelude and the standard options come by themselves), or takes it
 * from the device's programs or the cache on disk, and makes the kernel `name`. Where programs are slow to build, this
 * waits until the first of them is used, and a failure too. */
clae_status opencl_kernel_create(opencl_device *device, const char *file, const char *options, const char *name,
                                 opencl_kernel *kernel);
void opencl_kernel_release(opencl_kernel *kernel); /* takes a zeroed one */

/* Largest work-group that the built kernel allows; 1 when it cannot be built. */
size_t opencl_kernel_work_group_items(opencl_kernel *kernel);

/* An argument of a kernel. */
typedef struct opencl_arg {
    enum { OPENCL_ARG_END, OPENCL_ARG_VIEW, OPENCL_ARG_VALUE, OPENCL_ARG_GEOMETRY, OPENCL_ARG_TOO_LARGE } type;
    size_t bytes; /* of the value */
    union {
        view view;
        cl_int int_value;
        cl_uint uint_value;
        cl_ulong ulong_value;
        cl_float float_value;
        const struct conv_geometry *geometry;
    };
} opencl_arg;

/* Two arguments: a global pointer and an ulong offset in elements; a null pointer and 0 for a view without a buffer. */
static inline opencl_arg arg_view(view v) {
    return (opencl_arg){.type = OPENCL_ARG_VIEW, .view = v};
}
static inline opencl_arg arg_int(int value) {
    return (opencl_arg){.type = OPENCL_ARG_VALUE, .bytes = sizeof(cl_int), .int_value = value};
}
/* Setting one that is too large for an uint fails. */
static inline opencl_arg arg_uint(size_t value) {
    return (opencl_arg){.type = value <= CL_UINT_MAX ? OPENCL_ARG_VALUE : OPENCL_ARG_TOO_LARGE,
                        .bytes = sizeof(cl_uint),
                        .uint_value = (cl_uint)value};
}
static inline opencl_arg arg_ulong(size_t value) {
    return (opencl_arg){.type = OPENCL_ARG_VALUE, .bytes = sizeof(cl_ulong), .ulong_value = value};
}
static inline opencl_arg arg_float(float value) {
    return (opencl_arg){.type = OPENCL_ARG_VALUE, .bytes = sizeof(cl_float), .float_value = value};
}
/* As that of cl/conv_geometry.cl. */
static inline opencl_arg arg_geometry(const struct conv_geometry *geometry) {
    return (opencl_arg){.type = OPENCL_ARG_GEOMETRY, .geometry = geometry};
}
#define OPENCL_ARGS(...) ((const opencl_arg[]){__VA_ARGS__, {.type = OPENCL_ARG_END}})

/* Sets all arguments from the first on: opencl_kernel_set(kernel, OPENCL_ARGS(arg_view(x), arg_int(n))). */
clae_status opencl_kernel_set(opencl_kernel *kernel, const opencl_arg *args);

/* Enqueues work-items whose global ids begin at `first`, NULL for 0. */
clae_status opencl_kernel_run(opencl_kernel *kernel, unsigned dimensions, const size_t *first, const size_t *global,
                              const size_t *local);

/* CLAE_OK for CL_SUCCESS; otherwise one line with call, subject, code and likely cause, and CLAE_ERROR_DEVICE. */
clae_status opencl_check(const opencl_device *device, cl_int code, const char *call, const char *subject);
const char *opencl_error_text(cl_int code);

#endif
