#include "opencl/impls.h"
#include "opencl/instance.h"

typedef struct upsample_instance {
    opencl_instance base;
    size_t rows, rows_per_item;
} upsample_instance;

/* Both directions have one operand in, and one out. */
static clae_status upsample_run(op_instance *instance, const op_args *args) {
    const upsample_instance *self = (const upsample_instance *)instance;
    const upsample_desc *d = &instance->desc.upsample;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[0]), arg_view(args->operand[1]), arg_int(d->bilinear),
                                     arg_int(d->in_h), arg_int(d->in_w), arg_int(d->out_h), arg_int(d->out_w),
                                     arg_int(d->channels), arg_uint(self->rows), arg_uint(self->rows_per_item)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status upsample_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    const upsample_desc *d = &desc->upsample;
    const bool is_fwd = desc->op == OP_upsample2d_fwd;
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(upsample_instance), upsample_run, instance);
    if (status != CLAE_OK) return status;
    upsample_instance *self = (upsample_instance *)*instance;
    self->rows = (size_t)d->n * (size_t)(is_fwd ? d->out_h : d->in_h);
    const size_t channels = (size_t)d->channels, row_floats = (size_t)(is_fwd ? d->out_w : d->in_w) * channels;
    status = opencl_rows_create(opencl_device_of(device), "upsample.cl", "", op_name(desc->op), self->rows, row_floats,
                                channels, &self->base.launch[0], &self->rows_per_item);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_upsample_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = upsample_prepare};
