#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

/* Backward: terms of the slopes' gradients are in the workspace, followed by that of the op that sums them. */
typedef struct prelu_instance {
    opencl_instance base;
    op_instance *sum;
    size_t sum_place; /* floats */
} prelu_instance;

enum { PLACE_FLOATS = 16 };

static clae_status prelu_run_fwd(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const prelu_desc *desc = &instance->desc.prelu;
    const view *operand = args->operand;
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[PRELU_FWD_X]), arg_view(operand[PRELU_FWD_SLOPE]), arg_view(operand[PRELU_FWD_Y]),
                    arg_uint(desc->rows * desc->channels), arg_uint(desc->channels)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status prelu_run_bwd(op_instance *instance, const op_args *args) {
    prelu_instance *self = (prelu_instance *)instance;
    opencl_launch *launch = &self->base.launch[0];
    const prelu_desc *desc = &instance->desc.prelu;
    const view *operand = args->operand;
    clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[PRELU_BWD_X]), arg_view(operand[PRELU_BWD_DY]), arg_view(operand[PRELU_BWD_SLOPE]),
                    arg_view(operand[PRELU_BWD_DX]), arg_view(args->workspace), arg_uint(desc->rows * desc->channels),
                    arg_uint(desc->channels)));
    if (status == CLAE_OK) status = opencl_launch_run(launch);
    const op_args sum = {.operand = {[REDUCE_SUM_X] = args->workspace, [REDUCE_SUM_Y] = operand[PRELU_BWD_DSLOPE]},
                         .workspace = {args->workspace.buffer, args->workspace.offset + self->sum_place}};
    return status == CLAE_OK ? op_run(self->sum, &sum) : status;
}

static void prelu_release(op_instance *instance) {
    op_release(((prelu_instance *)instance)->sum);
    opencl_instance_release(instance);
}

static clae_status prelu_create_kernel(op_instance *instance) {
    const prelu_desc *desc = &instance->desc.prelu;
    char options[32];
    snprintf(options, sizeof options, " -DONE_SLOPE=%d", desc->one_slope);
    return opencl_elementwise_create(opencl_device_of(instance->device), "prelu.cl", options,
                                     op_name(instance->desc.op), desc->rows * desc->channels,
                                     desc->one_slope ? 0 : desc->channels, &opencl_instance_of(instance)->launch[0]);
}

static clae_status prelu_prepare_fwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    const clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(opencl_instance), prelu_run_fwd, instance);
    return status == CLAE_OK ? opencl_instance_finish(instance, prelu_create_kernel(*instance)) : status;
}

static clae_status prelu_prepare_bwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(prelu_instance), prelu_run_bwd, instance);
    if (status != CLAE_OK) return status;
    prelu_instance *self = (prelu_instance *)*instance;
    const prelu_desc *d = &desc->prelu;
    const size_t count = d->rows * d->channels;
    const op_desc sum = {
        .op = OP_reduce_sum,
        .reduce_sum = {.rows = d->one_slope ? count : d->rows, .columns = d->one_slope ? 1 : d->channels}};
    (*instance)->release = prelu_release;
    status = prelu_create_kernel(*instance);
    if (status == CLAE_OK) status = op_prepare(device, &sum, choice->numerics, &self->sum);
    if (status != CLAE_OK) return opencl_instance_finish(instance, status);
    self->sum_place = divide_up_size(count, PLACE_FLOATS) * PLACE_FLOATS;
    (*instance)->workspace_bytes = self->sum_place * sizeof(float) + self->sum->workspace_bytes;
    return CLAE_OK;
}

const op_impl opencl_prelu_fwd_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = prelu_prepare_fwd};
const op_impl opencl_prelu_bwd_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = prelu_prepare_bwd};
