#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status activation_run_fwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const activation_desc *desc = &instance->desc.activation;
    const float *x = plain_floats(args->operand[ACTIVATION_FWD_X]);
    float *y = plain_floats(args->operand[ACTIVATION_FWD_Y]);
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->activation_fwd(desc, x + first, y + first, plain_piece_length(desc->count, first));
    }
    return CLAE_OK;
}

static clae_status activation_run_bwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const activation_desc *desc = &instance->desc.activation;
    const float *from = plain_floats(args->operand[ACTIVATION_BWD_FROM]);
    const float *dy = plain_floats(args->operand[ACTIVATION_BWD_DY]);
    float *dx = plain_floats(args->operand[ACTIVATION_BWD_DX]);
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->activation_bwd(desc, from + first, dy + first, dx + first,
                                        plain_piece_length(desc->count, first));
    }
    return CLAE_OK;
}

static clae_status activation_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    const bool is_fwd = desc->op == OP_activation_fwd;
    return plain_instance_create(device, desc, choice, sizeof(op_instance),
                                 is_fwd ? activation_run_fwd : activation_run_bwd, plain_instance_free, instance);
}

const op_impl plain_activation = {.name = "plain", .supports = plain_supports_all, .prepare = activation_prepare};
