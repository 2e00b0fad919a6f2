#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status dropout_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const dropout_desc *desc = &instance->desc.dropout;
    const float *x = plain_floats(args->operand[DROPOUT_X]);
    float *y = plain_floats(args->operand[DROPOUT_Y]);
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->dropout(desc, &args->step, first, x + first, y + first,
                                 plain_piece_length(desc->count, first));
    }
    return CLAE_OK;
}

static clae_status dropout_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), dropout_run, plain_instance_free, instance);
}

const op_impl plain_dropout = {.name = "plain", .supports = plain_supports_all, .prepare = dropout_prepare};
