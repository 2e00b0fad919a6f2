#include "opencl/impls.h"
#include "opencl/instance.h"

static clae_status bias_run(op_instance *instance, const op_args *args) {
    const bias_desc *desc = &instance->desc.bias;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[BIAS_BIAS]), arg_view(args->operand[BIAS_Y]),
                                     arg_uint(desc->rows * desc->channels), arg_uint(desc->channels)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status bias_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance), bias_run, instance);
    if (status) return status;
    status =
        opencl_elementwise_create(opencl_device_of(device), "bias.cl", "", "bias", desc->bias.rows * desc->bias.channels,
                                  desc->bias.channels, &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_bias_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = bias_prepare};
