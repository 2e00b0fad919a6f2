/* What the OpenCL implementations of the six conv ops share. Most implementations do all six: gather and spread
 * (ops/conv.h) by one kernel, wgrad by another. */
#ifndef CLAE_OPENCL_CONV_CONV_H
#define CLAE_OPENCL_CONV_CONV_H

#include "backend/tuning/space.h"
#include "opencl/conv/conv_job.h"
#include "opencl/instance.h"
#include "ops/winograd.h"

/* The operands of gather and spread have the same places in forward and backward-data: x or dy, weight, bias or mask,
 * y or dx. */
enum { CONV_IN, CONV_IN_WEIGHT, CONV_EXTRA, CONV_OUT };

typedef struct conv_instance {
    opencl_instance opencl;
    conv_job job;
    int chunk, chunks;  /* wgrad: images, or tiles, in a partial sum, and how many of those there are */
    int block, rows;    /* direct: output channels side by side, rows of output for a work-item */
    winograd_grid grid; /* of Winograd's tiles */
} conv_instance;

/* Kernels in the order of their launches; NULL for one that is in a file of its own. */
typedef struct conv_program {
    const char *file, *options;
    const char *kernels[OPENCL_MAX_LAUNCHES];
} conv_program;

/* Image, weights and position counts that kernels hold in int fit; `positions` images are addressed at once. */
bool conv_sizes_fit(const op_desc *desc, int positions);

#define CONV_OPTIONS_SIZE 768
/* The macros of geometry that every kernel takes; those of what forward and backward, conv2d and conv_transpose2d
 * differ in, for kernels that do not take it as arguments; and an implementation's own. */
void conv_options(const op_desc *desc, char text[CONV_OPTIONS_SIZE]);
void conv_options_of_pass(const op_desc *desc, char text[CONV_OPTIONS_SIZE]);
__attribute__((format(printf, 2, 3))) void conv_options_add(char text[CONV_OPTIONS_SIZE], const char *format, ...);

/* What the parameters of kernels with work-groups must be, and the local memory that they may take. */
bool conv_is_power_of_2(int value);
size_t conv_local_bytes(const clae_device *device);

/* Vectors of 4, 8 or 16 that the device, a CPU, has. */
bool conv_lanes_fit(const clae_device *device, int lanes);
/* AVX2 has 16 vector registers, AVX-512 32. */
int conv_vector_registers(int lanes);

/* Splits the batch for wgrad, by n alone. */
void conv_split_batch(int n, int most_chunks, int *chunk, int *chunks);

/* Makes an instance with its kernels; the caller sets grids, workspace_bytes and, for wgrad, the split. */
clae_status conv_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                 const conv_program *program, clae_status (*run)(op_instance *, const op_args *),
                                 conv_instance **instance);
void conv_grid(conv_instance *instance, int launch, const size_t global[3], const size_t local[3]);
/* Whether the built kernels allow the work-groups of their grids, for which `items` was chosen: then *instance is what
 * was made. If not, that is released, and `items` becomes the next power of two to try. One item is always allowed. */
bool conv_take(conv_instance *made, int *items, op_instance **instance);

/* Which of x and dy is wide, and where dbias goes. */
typedef struct conv_wgrad_views {
    view wide, narrow, dy, dweight, dbias;
} conv_wgrad_views;
conv_wgrad_views conv_wgrad_views_of(const conv_job *job, const op_args *args);
/* The bias of forward and the mask of backward-data, with NULL buffers where there is none. */
view conv_bias_of(const conv_job *job, const op_args *args);
view conv_mask_of(const conv_job *job, const op_args *args);

/* The failure of a prepare function for which tune_choose finds nothing. */
clae_status conv_no_values(const clae_device *device, const op_desc *desc, const op_choice *choice);

/* The ways to run that implementations share. gather and spread: run(in, weight, bias or mask, out, n). wgrad:
 * partial(wide, narrow, workspace, n, chunk, transposed, dbias' elements), reduce(workspace, dweight, dbias, chunks,
 * transposed, dbias' elements); or run(wide, narrow, dweight, dbias, n). */
clae_status conv_run_single(op_instance *instance, const op_args *args);
clae_status conv_run_wgrad_split(op_instance *instance, const op_args *args);
clae_status conv_run_wgrad_single(op_instance *instance, const op_args *args);
/* For a partial whose arguments are set: both launches. */
clae_status conv_launch_wgrad(op_instance *instance, const op_args *args);

#endif
