#include "plain/impls.h"

static clae_status relu_run_fwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const size_t count = instance->desc.relu.count;
    const float *x = plain_floats(args->operand[RELU_FWD_X]);
    float *y = plain_floats(args->operand[RELU_FWD_Y]);
    const int pieces = plain_pieces(count);
    PLAIN_PARALLEL_FOR(plain_threads(device, pieces))
    for (int i = 0; i < pieces; i++) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->relu_fwd(x + first, y + first, plain_piece_length(count, first));
    }
    return CLAE_OK;
}

static clae_status relu_run_bwd(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const size_t count = instance->desc.relu.count;
    const float *y = plain_floats(args->operand[RELU_BWD_Y]);
    float *dy = plain_floats(args->operand[RELU_BWD_DY]);
    const int pieces = plain_pieces(count);
    PLAIN_PARALLEL_FOR(plain_threads(device, pieces))
    for (int i = 0; i < pieces; i++) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        device->kernels->relu_bwd(y + first, dy + first, plain_piece_length(count, first));
    }
    return CLAE_OK;
}

static clae_status relu_prepare(clae_device *device, const op_desc *desc, const op_impl *impl, op_instance **instance) {
    const bool is_fwd = desc->op == OP_relu_fwd;
    return plain_instance_create(device, desc, impl, sizeof(op_instance), is_fwd ? relu_run_fwd : relu_run_bwd,
                                 plain_instance_free, instance);
}

const op_impl plain_relu = {.name = "plain", .supports = plain_supports_all, .prepare = relu_prepare};
