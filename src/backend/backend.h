/* What a backend provides. The public functions validate; backends trust their input. */
#ifndef CLAE_BACKEND_BACKEND_H
#define CLAE_BACKEND_BACKEND_H

#include "backend/numerics.h"
#include "base/context.h"
#include "ops/op.h"

#include <clae/device.h>

typedef struct backend backend;
typedef struct buffer buffer;
typedef struct op_choice op_choice;
typedef struct op_impl op_impl;
typedef struct op_instance op_instance;
struct tune_space;
struct tuning;

/* The least work that the device does in a millisecond. */
typedef struct device_rate {
    double per_ms;    /* 0: launches are not cut */
    bool is_measured; /* otherwise it is assumed */
} device_rate;

/* A backend's own device begins with this. */
struct clae_device {
    const backend *backend;
    clae_context *context;
    clae_device_info info;
    char tuning_class[16];              /* of src/backend/tuning/defaults.def */
    struct device_trust *trust;         /* kept by device_trust.c */
    struct tuning *tuning;              /* NULL for a judge */
    uint64_t allocated_bytes;           /* of its buffers; kept by buffer_create and buffer_free */
    bool shares_memory;                 /* with the processor and all that runs on it */
    device_rate flops_rate, bytes_rate; /* of products, and of all other ops */
    /* Of one call into a library at most, which cannot be cut: what it computes may depend on how work is divided, so
     * that this does not depend on rates. 0: any number. */
    double call_flops;
};

/* What a launch may take, as far as it can be cut: drivers end what keeps a GPU that draws a screen busy for seconds,
 * and the screen stands still for as long. Before a rate is measured, which the self-test does, that of a slow
 * integrated GPU is assumed. */
#define DEVICE_LAUNCH_MS 100.0
#define DEVICE_SLOW_FLOPS_PER_MS 1e7
#define DEVICE_SLOW_BYTES_PER_MS 2e6
#define DEVICE_SLOW_UNITS 8

/* Work of one launch at most; 0: any. */
static inline double device_launch_limit(const device_rate *rate) {
    return rate->per_ms * DEVICE_LAUNCH_MS;
}

/* Device memory; a backend's own buffer begins with this. */
struct buffer {
    clae_device *device;
    size_t bytes;
};

/* Bytes of a buffer, and where they go. */
typedef struct buffer_piece {
    size_t offset_bytes, bytes;
    void *data;
} buffer_piece;

/* Host memory from which buffers are filled while the device works; a backend's own begins with this. */
typedef struct staging {
    clae_device *device;
    void *data;
    size_t bytes;
} staging;

/* A place in a buffer; it owns nothing. offset counts elements (floats; bytes or uint32 for load_batch's). Offsets of
 * views that start a tensor are multiples of 64 bytes. */
typedef struct view {
    buffer *buffer;
    size_t offset;
} view;

/* A place further on; a view without a buffer stays as it is. */
static inline view view_moved(view v, size_t elements) {
    if (v.buffer) v.offset += elements;
    return v;
}

typedef struct op_args {
    view operand[OP_MAX_OPERANDS];
    view workspace; /* of op_instance.workspace_bytes, from a line of the cache on; does not outlive the run */
    op_step step;
} op_args;

/* One way of doing an op. Backends hold a list for each op, best first; the last one supports everything. */
struct op_impl {
    const char *name; /* "direct" */
    /* Whether it is a good choice for an op that it supports on a device; NULL: always. A forced one need not be. */
    bool (*suits)(const clae_device *device, const op_desc *desc);
    /* Whether it can do the op. */
    bool (*supports)(const clae_device *device, const op_desc *desc);
    /* Compiles, chooses parameters, and says how much workspace a run needs, for what it supports. choice->impl is this
     * entry: one may serve several ops. May fail; then the next one is tried. */
    clae_status (*prepare)(clae_device *device, const op_desc *desc, const op_choice *choice, op_instance **instance);
    /* 0: rounding errors are those of sums, eps (8 + sqrt(K)) sum|a||b| at most for each element. Otherwise elements
     * are mixed, and errors at most so many times that of the output's largest sum|a||b|. */
    double mixing;
    bool for_tf32; /* a good choice only where products may be of TF32 */
    /* The parameters that the implementation has for an op; NULL: none. */
    const struct tune_space *(*space)(const clae_device *device, const op_desc *desc);
};

/* What an op is prepared by. */
struct op_choice {
    const op_impl *impl;
    const numerics *numerics; /* also of the ops that it runs in turn */
    /* Values that its kernels get where they have this space; NULL: those that were tuned, or are shipped. */
    const struct tune_space *space;
    const int *values;
};

/* The mixing of Winograd's transforms: on random shapes 0.8 was seen forward, and 2.2 in wgrad. */
#define WINOGRAD_MIXING 8.0

/* What products are made of: floats; TF32 in threes, which is nearly as precise; or TF32, operands rounded to 11 bits.
 * The later, the coarser. */
typedef enum op_arithmetic { OP_FLOAT32, OP_3XTF32, OP_TF32 } op_arithmetic;
const char *op_arithmetic_name(op_arithmetic arithmetic); /* "float32" */

/* Largest relative error of a product of two numbers rounded to TF32. */
#define TF32_PRODUCT_ERROR (0x1p-10 + 0x1p-22)

/* An implementation prepared for a descriptor; an implementation's own instance begins with this. */
struct op_instance {
    const op_impl *impl;
    clae_device *device;
    op_desc desc;
    size_t workspace_bytes;
    op_arithmetic arithmetic;
    /* Puts the work into the device's queue, in order; allocates nothing. */
    clae_status (*run)(op_instance *instance, const op_args *args);
    void (*release)(op_instance *instance); /* frees the instance too */
};

/* What there is to say of a driver. */
typedef struct driver_report {
    char file[256], library[256]; /* which names it; "" where it does not matter */
    char story[768];              /* its platform, version and devices, or why there are none */
    bool failed;                  /* it died or could not be loaded */
} driver_report;

struct backend {
    const char *name; /* "c" */
    /* Appends to a list made by realloc. */
    clae_status (*list)(clae_context *context, clae_device_info **list, size_t *count);
    /* Opens the device of an info made by `list`; `variant` is what followed the colon in "c:avx2", or NULL. */
    clae_status (*open)(clae_context *context, const clae_device_info *info, const char *variant, clae_device **device);
    void (*close)(clae_device *device);
    /* Whether the device could be opened, by a trial outside of this process; if not, info->problem says why. NULL:
     * all can. */
    bool (*works)(clae_context *context, clae_device_info *info);
    /* Ends what list, works and open have started for each other. NULL: nothing. */
    void (*settle)(clae_context *context);
    /* Appends what there is to say of each driver. NULL: there are none. */
    clae_status (*drivers)(clae_context *context, driver_report **list, size_t *count);
    /* Logs what may keep devices from being listed, and what to do; false when nothing is found. NULL: nothing. */
    bool (*hint)(clae_context *context, const clae_device_info *list, size_t count);

    clae_status (*buffer_create)(clae_device *device, size_t bytes, buffer **out); /* contents undefined */
    void (*buffer_free)(buffer *buffer);
    /* upload returns when `data` may be reused; download when all pieces are there, or none is under way. All of them
     * follow the queue's order. */
    clae_status (*upload)(buffer *buffer, size_t offset_bytes, const void *data, size_t bytes);
    clae_status (*download)(buffer *buffer, const buffer_piece *pieces, size_t count);
    clae_status (*zero)(buffer *buffer, size_t offset_bytes, size_t bytes);
    clae_status (*fill)(buffer *buffer, size_t offset, size_t count, float value); /* of floats */
    clae_status (*finish)(clae_device *device);                                    /* waits until all work is done */
    clae_status (*start)(clae_device *device); /* sees to it that the work in the queue begins; waits for nothing */

    /* Uploads beside the queue: staging_begin, any number of pieces written into `data` and uploaded, staging_end.
     * begin returns when all of `data` may be written again; the uploads after it wait for the work that is in the
     * queue by then, and for none that comes later, which must leave their bytes of the buffer alone. Work that is
     * put into the queue after end finds them there. None of the three allocates. */
    clae_status (*staging_create)(clae_device *device, size_t bytes, staging **out);
    void (*staging_free)(staging *staging); /* waits for its uploads */
    clae_status (*staging_begin)(staging *staging);
    /* Bytes of `data` to the same place in the buffer. */
    clae_status (*staging_upload)(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer);
    clae_status (*staging_end)(staging *staging);

    /* Rate of fused multiply-adds on registers, two operations each, on all compute units. */
    clae_status (*measure_peak)(clae_device *device, double *gflops);

    /* NULL-terminated, best first. */
    const op_impl *const *(*impls)(op_id op);
};

/* The table of backends, NULL-terminated; plain C last. */
extern const backend *const backends[];
extern const backend backend_plain;
extern const backend backend_opencl;

/* Prepares the implementation that is forced for the op; or the one it was tuned to; or the best that supports `desc`
 * and can be prepared. Of `numerics` the instance keeps nothing. */
clae_status op_prepare(clae_device *device, const op_desc *desc, const numerics *numerics, op_instance **instance);
/* The implementation that would be tried first for `desc`; NULL when there is none. */
const op_impl *op_choose(const clae_device *device, const op_desc *desc, const numerics *numerics);
/* Whether that one can also do `fused`, the same op with more in it. */
bool op_can_fuse(const clae_device *device, const op_desc *desc, const op_desc *fused, const numerics *numerics);
/* Whether ops are to be made this one: where the implementation that would be taken suits it, or is forced and can do
 * it. */
bool op_is_wanted(const clae_device *device, const op_desc *desc, const numerics *numerics);
/* Whether an implementation is forced for the op on this device. */
bool op_is_forced(const clae_device *device, op_id op, const numerics *numerics);
/* Whether an implementation can do `desc`, and is allowed. */
bool op_impl_can(const op_impl *impl, const clae_device *device, const op_desc *desc, const numerics *numerics);
void op_release(op_instance *instance); /* takes NULL */
clae_status op_run(op_instance *instance, const op_args *args);

/* Checks numerics.impls, "op=impl,c:op=impl", against the ops and the implementations that any backend has;
 * CLAE_ERROR_INPUT with what there is otherwise. NULL is right. */
clae_status impls_check(const clae_context *context, const char *impls);

/* What all backends say of their drivers; *list is freed by the caller. */
clae_status drivers_list(clae_context *context, driver_report **list, size_t *count);
/* Logs what may keep devices from being listed; false when nothing is found. */
bool devices_hint(clae_context *context, const clae_device_info *list, size_t count);

/* Plain C without instruction sets of its own, to check others against. */
clae_status device_open_judge(clae_context *context, clae_device **device);

/* Memory for buffers and the largest one, as the device and the context's limit allow; UINT64_MAX where that is not
 * known. What is left of it is without the buffers that there are. */
uint64_t device_memory_bytes(const clae_device *device);
uint64_t device_memory_left_bytes(const clae_device *device);
uint64_t device_largest_buffer_bytes(const clae_device *device);

/* Shorthands for the vtable; buffer_free and staging_free take NULL. */
clae_status buffer_create(clae_device *device, size_t bytes, buffer **out);
void buffer_free(buffer *buffer);
clae_status buffer_upload(buffer *buffer, size_t offset_bytes, const void *data, size_t bytes);
clae_status buffer_download(buffer *buffer, size_t offset_bytes, void *data, size_t bytes);
/* As many downloads, for which the device is waited for once. */
clae_status buffer_download_pieces(buffer *buffer, const buffer_piece *pieces, size_t count);
clae_status buffer_zero(buffer *buffer, size_t offset_bytes, size_t bytes);
clae_status buffer_fill(buffer *buffer, size_t offset, size_t count, float value);
clae_status device_finish(clae_device *device);
clae_status device_start(clae_device *device);
clae_status staging_create(clae_device *device, size_t bytes, staging **out);
void staging_free(staging *staging);
clae_status staging_begin(staging *staging);
clae_status staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer);
clae_status staging_end(staging *staging);

#endif
