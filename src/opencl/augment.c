#include "ops/augment.h"
#include "base/decimal.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

typedef struct augment_instance {
    opencl_instance base;
    size_t rows, rows_per_item;
} augment_instance;

enum { LIST_BYTES = AUGMENT_MAX_CHANNELS * DECIMAL_BYTES };

static clae_status augment_run(op_instance *instance, const op_args *args) {
    const augment_instance *self = (const augment_instance *)instance;
    const augment_desc *d = &instance->desc.augment;
    const uint64_t seed = args->step.seed;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[AUGMENT_X]), arg_view(args->operand[AUGMENT_Y]), arg_int(d->h),
                    arg_int(d->w), arg_uint((uint32_t)seed), arg_uint((size_t)(seed >> 32)),
                    arg_ulong(args->step.image), arg_uint(PHILOX_AUGMENT), arg_int(d->flip_h), arg_int(d->flip_v),
                    arg_int(d->rotate), arg_int(d->shift), arg_float(d->brightness), arg_float(d->unit[0]),
                    arg_float(d->least[0]), arg_float(d->most[0]), arg_uint(self->rows),
                    arg_uint(self->rows_per_item)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status augment_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    const augment_desc *d = &desc->augment;
    const size_t channels = (size_t)d->channels;
    char units[LIST_BYTES], leasts[LIST_BYTES], mosts[LIST_BYTES], options[3 * LIST_BYTES + 64];
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(augment_instance), augment_run, instance);
    if (status != CLAE_OK) return status;
    augment_instance *self = (augment_instance *)*instance;
    const int used = snprintf(options, sizeof options, " -DCHANNELS=%zu", channels);
    if (channels > 1) {
        opencl_write_list(d->unit, channels, units);
        opencl_write_list(d->least, channels, leasts);
        opencl_write_list(d->most, channels, mosts);
        snprintf(options + used, sizeof options - (size_t)used, " -DUNITS=%s -DLEASTS=%s -DMOSTS=%s", units, leasts,
                 mosts);
    }
    self->rows = (size_t)d->n * (size_t)d->h;
    status = opencl_rows_create(opencl_device_of(device), "augment.cl", options, "augment", self->rows,
                                (size_t)d->w * channels, 1, &self->base.launch[0], &self->rows_per_item);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_augment_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = augment_prepare};
