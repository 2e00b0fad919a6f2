#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status load_batch_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const load_batch_desc *desc = &instance->desc.load_batch;
    const view elements = args->operand[LOAD_BATCH_ELEMENTS], indices = args->operand[LOAD_BATCH_INDICES];
    const char *memory = ((plain_buffer *)elements.buffer)->memory;
    const uint8_t *bytes = (const uint8_t *)memory + elements.offset;
    const float *floats = (const float *)(const void *)memory + elements.offset;
    const uint32_t *index = (const uint32_t *)(const void *)((plain_buffer *)indices.buffer)->memory + indices.offset +
                            args->step.first;
    float *x = plain_floats(args->operand[LOAD_BATCH_X]);
    const size_t count = desc->image_elements, images_per_task = PLAIN_PIECE / count + 1;
    const int tasks = (int)((desc->n + images_per_task - 1) / images_per_task);
    PLAIN_PARALLEL_FOR (device, task, tasks) {
        const size_t first = (size_t)task * images_per_task;
        const size_t end = desc->n - first < images_per_task ? desc->n : first + images_per_task;
        for (size_t i = first; i < end; i++) {
            const size_t from = index[i] * count;
            if (desc->from_float)
                device->kernels->load_floats(desc, floats + from, x + i * count, count);
            else
                device->kernels->load_bytes(desc, bytes + from, x + i * count, count);
        }
    }
    return CLAE_OK;
}

static clae_status load_batch_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), load_batch_run, plain_instance_free,
                                 instance);
}

const op_impl plain_load_batch = {.name = "plain", .supports = plain_supports_all, .prepare = load_batch_prepare};
