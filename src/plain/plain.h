/* The insides of the plain C backend: all work is done within run(), by as many threads as the device has
 * (parallel.h). */
#ifndef CLAE_PLAIN_PLAIN_H
#define CLAE_PLAIN_PLAIN_H

#include "backend/backend.h"
#include "plain/kernels/kernels.h"

typedef struct plain_share plain_share; /* parallel.h */

typedef struct plain_device {
    clae_device base;
    const plain_kernels *kernels;
    int threads;
    plain_share *shares; /* one for each thread */
} plain_device;

typedef struct plain_buffer {
    buffer base;
    char *memory;
} plain_buffer;

static inline plain_device *plain_device_of(const clae_device *device) {
    return (plain_device *)device;
}

/* NULL for a view without a buffer. */
static inline float *plain_floats(view v) {
    return v.buffer ? (float *)(void *)((plain_buffer *)v.buffer)->memory + v.offset : NULL;
}

/* The best kernels that the processor can run, or the ones named; NULL when there are none. */
const plain_kernels *plain_kernels_find(const char *name);
/* Whether they are compiled in, for this processor or another one. */
bool plain_kernels_exist(const char *name);
/* "baseline, avx2": what plain_kernels_find takes on this processor. */
void plain_kernels_list(char *text, size_t size);

/* Allocates an instance of `size` bytes, zeroed, whose first member is an op_instance that is filled in here. */
clae_status plain_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice, size_t size,
                                  clae_status (*run)(op_instance *, const op_args *), void (*release)(op_instance *),
                                  op_instance **instance);
void plain_instance_free(op_instance *instance); /* a release for instances that own nothing else */
bool plain_supports_all(const clae_device *device, const op_desc *desc);
/* All but activations in it that are not relu. */
bool plain_supports_relu(const clae_device *device, const op_desc *desc);

/* A loop over `count` tasks wants no more threads than that. */
static inline int plain_threads(const plain_device *device, int count) {
    return count < 1 ? 1 : count < device->threads ? count : device->threads;
}

/* Loops over memory are cut into pieces of this many elements, which are what threads take. */
#define PLAIN_PIECE 16384
static inline int plain_pieces(size_t count) {
    return (int)((count + PLAIN_PIECE - 1) / PLAIN_PIECE);
}
static inline size_t plain_piece_length(size_t count, size_t first) {
    return count - first < PLAIN_PIECE ? count - first : PLAIN_PIECE;
}

/* sums[c] = partials[0][c] + ... + partials[parts - 1][c], in that order. */
void plain_add_partials(const float *partials, int parts, size_t columns, float *sums);

/* sums[c] = x[0][c] + ... + x[rows - 1][c], by way of a workspace. */
size_t plain_sum_columns_floats(size_t rows, size_t columns);
void plain_sum_columns(const plain_device *device, const float *x, size_t rows, size_t columns, float *workspace,
                       float *sums);

/* An instance that makes the operand `out` from the operand `in`, with the shapes of `shape`; the caller fills the ranges
 * and weights of both axes of *made. */
clae_status plain_resample_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                  const resample *shape, int in, int out, op_instance **instance, resample **made);

clae_status plain_measure_peak(clae_device *device, double *gflops);

clae_status plain_staging_create(clae_device *device, size_t bytes, staging **out);
void plain_staging_free(staging *staging);
clae_status plain_staging_begin(staging *staging);
clae_status plain_staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer);
clae_status plain_staging_end(staging *staging);

#endif
