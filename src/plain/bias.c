#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status bias_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const bias_desc *desc = &instance->desc.bias;
    const float *bias = plain_floats(args->operand[BIAS_BIAS]);
    float *y = plain_floats(args->operand[BIAS_Y]);
    const size_t rows_per_piece = PLAIN_PIECE / desc->channels + 1;
    const int pieces = (int)((desc->rows + rows_per_piece - 1) / rows_per_piece);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * rows_per_piece;
        const size_t rows = desc->rows - first < rows_per_piece ? desc->rows - first : rows_per_piece;
        device->kernels->bias(bias, y + first * desc->channels, rows, desc->channels);
    }
    return CLAE_OK;
}

static clae_status bias_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), bias_run, plain_instance_free, instance);
}

const op_impl plain_bias = {.name = "plain", .supports = plain_supports_all, .prepare = bias_prepare};
