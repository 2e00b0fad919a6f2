/* Prepared ops: kernels and the grids they are run on. */
#ifndef CLAE_OPENCL_INSTANCE_H
#define CLAE_OPENCL_INSTANCE_H

#include "opencl/opencl.h"

/* A kernel with its grid, and what one run of it may do at most: by itself all that the op does. */
typedef struct opencl_launch {
    opencl_kernel kernel;
    unsigned dimensions;
    size_t global[3], local[3];
    double flops, bytes;
} opencl_launch;

/* The instance of an op that needs at most OPENCL_MAX_LAUNCHES kernels; larger ones begin with it. */
enum { OPENCL_MAX_LAUNCHES = 4 };
typedef struct opencl_instance {
    op_instance base;
    opencl_launch launch[OPENCL_MAX_LAUNCHES];
} opencl_instance;

/* A zeroed instance of `bytes`, at least sizeof(opencl_instance), with everything but the kernels. */
clae_status opencl_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice, size_t bytes,
                                   clae_status (*run)(op_instance *, const op_args *), op_instance **instance);
/* The end of a prepare function: releases the instance when `status` is a failure; gives `status` back. */
clae_status opencl_instance_finish(op_instance **instance, clae_status status);
/* Releases the kernels and the instance; takes NULL. It is op_instance.release of what the above makes. */
void opencl_instance_release(op_instance *instance);

static inline opencl_instance *opencl_instance_of(op_instance *instance) {
    return (opencl_instance *)instance;
}

/* In as many pieces as the device wants, each with a global offset: a kernel asks for GROUP_ID (cl/prelude.cl), as
 * get_group_id, get_num_groups and get_global_size are those of the piece. */
clae_status opencl_launch_run(opencl_launch *launch);
/* For a kernel that a run of the op launches `runs` times, on equal parts of its work. */
void opencl_launch_share(opencl_launch *launch, size_t runs);

/* "0.5f,1.0f", for an option that an array of a kernel is initialised by; `list` has DECIMAL_BYTES for each of them. */
void opencl_write_list(const float *values, size_t count, char *list);

/* Items of a work-group: the largest power of two within `wanted` and what the device allows. */
size_t opencl_group_items(const opencl_device *device, size_t wanted);

/* Makes a kernel that is compiled for work-groups of LOCAL items in one dimension, `wanted` or, where the built kernel
 * allows fewer, half of that and so on; launch->local[0] says how many. `options` come before -DLOCAL. */
clae_status opencl_launch_create(opencl_device *device, const char *file, const char *options, const char *name,
                                 size_t wanted, opencl_launch *launch);

/* Prepares a kernel that passes over `count` elements once, given -DVEC, -DLOCAL and -DPER_ITEM: a work-group takes
 * LOCAL * PER_ITEM vectors, and `options` (" -DN=3"). VEC divides `multiple` (0: any VEC will do). */
clae_status opencl_elementwise_create(opencl_device *device, const char *file, const char *options, const char *name,
                                      size_t count, size_t multiple, opencl_launch *launch);

/* Prepares a kernel of cl/image_rows.cl, which writes `rows` rows of pixels, `row_floats` long. Gives the rows of an item,
 * which is an argument of the kernel. */
clae_status opencl_rows_create(opencl_device *device, const char *file, const char *options, const char *name,
                               size_t rows, size_t row_floats, size_t channels, opencl_launch *launch,
                               size_t *rows_per_item);

/* op_impl.suits and op_impl.supports of kernels in CPU style, and op_impl.supports of those that do anything. */
bool opencl_is_cpu(const clae_device *device, const op_desc *desc);
bool opencl_supports_long_loops(const clae_device *device, const op_desc *desc);
bool opencl_supports_all(const clae_device *device, const op_desc *desc);
/* All but activations in it that are not relu. */
bool opencl_supports_relu(const clae_device *device, const op_desc *desc);

#endif
