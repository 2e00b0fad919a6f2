#include "plain/impls.h"
#include "plain/parallel.h"

#include <math.h>

static clae_status clip_norm_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const clip_norm_desc *d = &instance->desc.clip_norm;
    float *g = plain_floats(args->operand[CLIP_NORM_GRADIENTS]),
          *factor = plain_floats(args->operand[CLIP_NORM_FACTOR]);
    double *partials = (double *)(void *)plain_floats(args->workspace), squares = 0;
    const int pieces = plain_pieces(d->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        partials[i] = device->kernels->sum_squares(g + first, plain_piece_length(d->count, first));
    }
    for (int i = 0; i < pieces; i++) squares += partials[i];
    const double norm = sqrt(squares);
    *factor = norm > (double)d->limit ? (float)((double)d->limit / norm) : 1;
    if (*factor == 1) return CLAE_OK;
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->scale(g + first, plain_piece_length(d->count, first), *factor);
    }
    return CLAE_OK;
}

static clae_status clip_norm_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    const clae_status status =
        plain_instance_create(device, desc, choice, sizeof(op_instance), clip_norm_run, plain_instance_free, instance);
    if (status == CLAE_OK) (*instance)->workspace_bytes = (size_t)plain_pieces(desc->clip_norm.count) * sizeof(double);
    return status;
}

const op_impl plain_clip_norm = {.name = "plain", .supports = plain_supports_all, .prepare = clip_norm_prepare};
