#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

static clae_status activation_run_fwd(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const activation_desc *desc = &instance->desc.activation;
    const clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->operand[ACTIVATION_FWD_X]),
                                                       arg_view(args->operand[ACTIVATION_FWD_Y]), arg_uint(desc->count),
                                                       arg_float(desc->parameter)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status activation_run_bwd(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const activation_desc *desc = &instance->desc.activation;
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[ACTIVATION_BWD_FROM]), arg_view(args->operand[ACTIVATION_BWD_DY]),
                    arg_view(args->operand[ACTIVATION_BWD_DX]), arg_uint(desc->count), arg_float(desc->parameter)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status activation_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    const bool is_fwd = desc->op == OP_activation_fwd;
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance),
                                                is_fwd ? activation_run_fwd : activation_run_bwd, instance);
    if (status != CLAE_OK) return status;
    char options[32];
    snprintf(options, sizeof options, " -DACTIVATION_NUMBER=%d", (int)desc->activation.activation);
    status = opencl_elementwise_create(opencl_device_of(device), "activation.cl", options, op_name(desc->op),
                                       desc->activation.count, 0, &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_activation_plain = {
    .name = "plain", .supports = opencl_supports_all, .prepare = activation_prepare};
