#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status noise_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const noise_desc *desc = &instance->desc.noise;
    const float *x = plain_floats(args->operand[NOISE_X]);
    float *y = plain_floats(args->operand[NOISE_Y]);
    const int images = (int)desc->n, per_task = (int)(PLAIN_PIECE / desc->image_elements) + 1;
    const int tasks = divide_up(images, per_task);
    PLAIN_PARALLEL_FOR (device, task, tasks) {
        const int first = task * per_task, end = smaller(first + per_task, images);
        for (int i = first; i < end; i++) {
            const size_t at = (size_t)i * desc->image_elements;
            device->kernels->noise(desc, args->step.seed, args->step.image + (uint64_t)i, x + at, y + at);
        }
    }
    return CLAE_OK;
}

static clae_status noise_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                 op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), noise_run, plain_instance_free, instance);
}

const op_impl plain_noise = {.name = "plain", .supports = plain_supports_all, .prepare = noise_prepare};
