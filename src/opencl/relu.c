#include "opencl/impls.h"
#include "opencl/instance.h"

/* Both directions take two operands and a count. */
static clae_status relu_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->operand[0]), arg_view(args->operand[1]),
                                                       arg_uint(instance->desc.relu.count)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status relu_prepare(clae_device *device, const op_desc *desc, const op_impl *impl, op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, impl, sizeof(opencl_instance), relu_run, instance);
    if (status) return status;
    status = opencl_elementwise_create(opencl_device_of(device), "relu.cl", "", op_name(desc->op), desc->relu.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_relu_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = relu_prepare};
