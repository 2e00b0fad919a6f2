#include "opencl/impls.h"
#include "opencl/instance.h"

typedef struct pixel_shuffle_instance {
    opencl_instance base;
    size_t rows, rows_per_item;
} pixel_shuffle_instance;

/* Both directions have one operand in, and one out. */
static clae_status pixel_shuffle_run(op_instance *instance, const op_args *args) {
    const pixel_shuffle_instance *self = (const pixel_shuffle_instance *)instance;
    const pixel_shuffle_desc *d = &instance->desc.pixel_shuffle;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->operand[0]), arg_view(args->operand[1]),
                                                       arg_int(d->w), arg_int(d->channels), arg_int(d->factor),
                                                       arg_uint(self->rows), arg_uint(self->rows_per_item)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status pixel_shuffle_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         op_instance **instance) {
    const pixel_shuffle_desc *d = &desc->pixel_shuffle;
    const bool is_fwd = desc->op == OP_pixel_shuffle_fwd;
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(pixel_shuffle_instance), pixel_shuffle_run, instance);
    if (status != CLAE_OK) return status;
    pixel_shuffle_instance *self = (pixel_shuffle_instance *)*instance;
    const size_t factor = (size_t)d->factor, large_row = (size_t)d->w * factor * (size_t)d->channels;
    self->rows = (size_t)d->n * (size_t)d->h * (is_fwd ? factor : 1);
    status =
        opencl_rows_create(opencl_device_of(device), "pixel_shuffle.cl", "", op_name(desc->op), self->rows,
                           is_fwd ? large_row : large_row * factor, 1, &self->base.launch[0], &self->rows_per_item);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_pixel_shuffle_plain = {
    .name = "plain", .supports = opencl_supports_all, .prepare = pixel_shuffle_prepare};
