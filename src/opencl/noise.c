#include "ops/noise.h"
#include "base/decimal.h"
#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

typedef struct noise_instance {
    opencl_instance base;
    size_t rows_per_item;
} noise_instance;

enum { BLOCK_NUMBERS = 4, LIST_BYTES = AUGMENT_MAX_CHANNELS * DECIMAL_BYTES };

static clae_status noise_run(op_instance *instance, const op_args *args) {
    const noise_instance *self = (const noise_instance *)instance;
    const noise_desc *d = &instance->desc.noise;
    const uint64_t seed = args->step.seed;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[NOISE_X]), arg_view(args->operand[NOISE_Y]), arg_uint(d->image_elements),
                    arg_uint((uint32_t)seed), arg_uint((size_t)(seed >> 32)), arg_ulong(args->step.image),
                    arg_uint(PHILOX_NOISE), arg_float(d->deviation[0]), arg_uint(d->n), arg_uint(self->rows_per_item)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status noise_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                 op_instance **instance) {
    const noise_desc *d = &desc->noise;
    char deviations[LIST_BYTES], options[LIST_BYTES + 64];
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(noise_instance), noise_run, instance);
    if (status != CLAE_OK) return status;
    noise_instance *self = (noise_instance *)*instance;
    const int used = snprintf(options, sizeof options, " -DCHANNELS=%zu", d->channels);
    if (d->channels > 1) {
        opencl_write_list(d->deviation, d->channels, deviations);
        snprintf(options + used, sizeof options - (size_t)used, " -DDEVIATIONS=%s", deviations);
    }
    const size_t whole_blocks = divide_up_size(d->image_elements, BLOCK_NUMBERS) * BLOCK_NUMBERS;
    status = opencl_rows_create(opencl_device_of(device), "noise.cl", options, "noise", d->n, whole_blocks,
                                BLOCK_NUMBERS, &self->base.launch[0], &self->rows_per_item);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_noise_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = noise_prepare};
