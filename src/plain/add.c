#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status add_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const size_t count = instance->desc.add.count;
    const float *a = plain_floats(args->operand[ADD_A]), *b = plain_floats(args->operand[ADD_B]);
    float *y = plain_floats(args->operand[ADD_Y]);
    void (*const add)(const float *, const float *, float *, size_t) =
        instance->desc.add.activation == ACTIVATION_relu ? device->kernels->add_relu : device->kernels->add;
    const int pieces = plain_pieces(count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        add(a + first, b + first, y + first, plain_piece_length(count, first));
    }
    return CLAE_OK;
}

static clae_status add_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                               op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), add_run, plain_instance_free, instance);
}

const op_impl plain_add = {.name = "plain", .supports = plain_supports_relu, .prepare = add_prepare};
