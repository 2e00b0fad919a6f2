#include "ops/augment.h"
#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

static void augment_move(const augment_desc *desc, const augment_place *place, const float *x, float *y) {
    const size_t channels = (size_t)desc->channels;
    for (int i = 0; i < desc->h; i++)
        for (int j = 0; j < desc->w; j++) {
            const float *from = x + augment_source(desc, place, i, j) * channels;
            for (size_t c = 0; c < channels; c++) *y++ = from[c];
        }
}

static void augment_brighten(const augment_desc *desc, float brightness, float *y) {
    const size_t pixels = (size_t)desc->h * (size_t)desc->w, channels = (size_t)desc->channels;
    for (size_t i = 0; i < pixels; i++, y += channels)
        for (size_t c = 0; c < channels; c++) {
            const float value = y[c] + brightness * desc->unit[c];
            y[c] = value < desc->least[c] ? desc->least[c] : value > desc->most[c] ? desc->most[c] : value;
        }
}

static clae_status augment_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const augment_desc *desc = &instance->desc.augment;
    const float *x = plain_floats(args->operand[AUGMENT_X]);
    float *y = plain_floats(args->operand[AUGMENT_Y]);
    const size_t elements = (size_t)desc->h * (size_t)desc->w * (size_t)desc->channels;
    const int per_task = (int)(PLAIN_PIECE / elements) + 1, tasks = divide_up(desc->n, per_task);
    PLAIN_PARALLEL_FOR (device, task, tasks) {
        const int first = task * per_task, end = smaller(first + per_task, desc->n);
        for (int i = first; i < end; i++) {
            const augment_place place = augment_place_of(desc, args->step.seed, args->step.image + (uint64_t)i);
            const size_t at = (size_t)i * elements;
            augment_move(desc, &place, x + at, y + at);
            if (desc->brightness > 0) augment_brighten(desc, desc->brightness * place.brightness, y + at);
        }
    }
    return CLAE_OK;
}

static clae_status augment_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), augment_run, plain_instance_free, instance);
}

const op_impl plain_augment = {.name = "plain", .supports = plain_supports_all, .prepare = augment_prepare};
