#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

/* Calls for each row of small pixels, so that its `factor` rows of large ones stay in the cache. */
static clae_status pixel_shuffle_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const pixel_shuffle_desc *d = &instance->desc.pixel_shuffle;
    const bool forward = instance->desc.op == OP_pixel_shuffle_fwd;
    const float *in = plain_floats(args->operand[0]);
    float *out = plain_floats(args->operand[1]);
    const size_t row_floats = (size_t)d->w * (size_t)d->channels * (size_t)d->factor * (size_t)d->factor;
    const int rows = d->n * d->h, rows_per_task = row_floats < PLAIN_PIECE ? (int)(PLAIN_PIECE / row_floats) : 1;
    const int tasks = divide_up(rows, rows_per_task);
    PLAIN_PARALLEL_FOR (device, i, tasks) {
        const int first = i * rows_per_task, end = smaller(first + rows_per_task, rows);
        for (int row = first; row < end; row++) {
            const size_t at = (size_t)row * row_floats;
            if (forward)
                device->kernels->pixel_shuffle(d, in + at, out + at);
            else
                device->kernels->pixel_unshuffle(d, in + at, out + at);
        }
    }
    return CLAE_OK;
}

static clae_status pixel_shuffle_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), pixel_shuffle_run, plain_instance_free,
                                 instance);
}

const op_impl plain_pixel_shuffle = {.name = "plain", .supports = plain_supports_all, .prepare = pixel_shuffle_prepare};
