#include "plain/plain.h"

static clae_status run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const adam_desc *desc = &instance->desc.adam;
    float *p = plain_floats(args->operand[ADAM_PARAMETERS]), *m = plain_floats(args->operand[ADAM_M]);
    const float *g = plain_floats(args->operand[ADAM_GRADIENTS]);
    float *v = plain_floats(args->operand[ADAM_V]);
    const adam_factors factors = {
        .beta1 = (float)desc->beta1,
        .rest1 = (float)(1 - desc->beta1),
        .beta2 = (float)desc->beta2,
        .rest2 = (float)(1 - desc->beta2),
        .epsilon = (float)desc->epsilon,
        .step_size = args->step.rates[ADAM_STEP_SIZE],
        .sqrt_correction2 = args->step.rates[ADAM_SQRT_CORRECTION2],
    };
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR(plain_threads(device, pieces))
    for (int i = 0; i < pieces; i++) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->adam(p + first, g + first, m + first, v + first, plain_piece_length(desc->count, first),
                              &factors);
    }
    return CLAE_OK;
}

static const op_impl plain;

static clae_status prepare(clae_device *device, const op_desc *desc, op_instance **instance) {
    return plain_instance_create(device, desc, &plain, sizeof(op_instance), run, plain_instance_free, instance);
}

static const op_impl plain = {.name = "plain", .supports = plain_supports_all, .prepare = prepare};

const op_impl *const plain_adam_impls[] = {&plain, NULL};
