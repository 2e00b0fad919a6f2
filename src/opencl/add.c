#include "opencl/impls.h"
#include "opencl/instance.h"

static clae_status add_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[ADD_A]), arg_view(args->operand[ADD_B]),
                                     arg_view(args->operand[ADD_Y]), arg_uint(instance->desc.add.count)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status add_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                               op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance), add_run, instance);
    if (status != CLAE_OK) return status;
    const char *options = desc->add.activation == ACTIVATION_relu ? " -DRELU" : "";
    status = opencl_elementwise_create(opencl_device_of(device), "add.cl", options, "add", desc->add.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_add_plain = {.name = "plain", .supports = opencl_supports_relu, .prepare = add_prepare};
