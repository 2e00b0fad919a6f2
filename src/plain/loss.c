#include "ops/loss.h"
#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status loss_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const loss_desc *desc = &instance->desc.loss;
    const float *y = plain_floats(args->operand[LOSS_Y]), *target = plain_floats(args->operand[LOSS_TARGET]);
    float *dy = desc->with_gradient ? plain_floats(args->operand[LOSS_DY]) : NULL;
    double *partials = (double *)(void *)plain_floats(args->workspace);
    const int pieces = plain_pieces(desc->count);
    PLAIN_PARALLEL_FOR (device, i, pieces) {
        const size_t first = (size_t)i * PLAIN_PIECE;
        partials[i] = device->kernels->loss(desc->loss, y + first, target + first, dy ? dy + first : NULL, desc->scale,
                                            plain_piece_length(desc->count, first));
    }
    double sum = 0;
    for (int i = 0; i < pieces; i++) sum += partials[i];
    plain_floats(args->operand[LOSS_LOSSES])[args->step.slot] = (float)(loss_factor(desc->loss) * (double)desc->scale * sum);
    return CLAE_OK;
}

static clae_status loss_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    clae_status status =
        plain_instance_create(device, desc, choice, sizeof(op_instance), loss_run, plain_instance_free, instance);
    if (status == CLAE_OK) (*instance)->workspace_bytes = (size_t)plain_pieces(desc->loss.count) * sizeof(double);
    return status;
}

const op_impl plain_loss = {.name = "plain", .supports = plain_supports_all, .prepare = loss_prepare};
