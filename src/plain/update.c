#include "ops/update.h"
#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status update_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const update_desc *desc = &instance->desc.update;
    float *p = plain_floats(args->operand[UPDATE_PARAMETERS]);
    const float *g = plain_floats(args->operand[UPDATE_GRADIENTS]);
    float *state[UPDATE_MAX_STATES];
    for (int k = 0; k < UPDATE_MAX_STATES; k++) state[k] = plain_floats(args->operand[UPDATE_STATE + k]);
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        float *const own[] = {state[0] ? state[0] + first : NULL, state[1] ? state[1] + first : NULL};
        device->kernels->update(desc->optimiser, p + first, g + first, own, plain_piece_length(desc->count, first),
                                args->step.rates);
    }
    return CLAE_OK;
}

static clae_status update_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                  op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), update_run, plain_instance_free, instance);
}

const op_impl plain_update = {.name = "plain", .supports = plain_supports_all, .prepare = update_prepare};
