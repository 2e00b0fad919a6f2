#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status mix_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const size_t count = instance->desc.mix.count;
    const float *x = plain_floats(args->operand[MIX_X]);
    float *y = plain_floats(args->operand[MIX_Y]);
    const int pieces = plain_pieces(count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->mix(x + first, y + first, plain_piece_length(count, first), args->step.keep, args->step.more);
    }
    return CLAE_OK;
}

static clae_status mix_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                               op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), mix_run, plain_instance_free, instance);
}

const op_impl plain_mix = {.name = "plain", .supports = plain_supports_all, .prepare = mix_prepare};
