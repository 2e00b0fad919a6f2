#include "opencl/impls.h"
#include "opencl/instance.h"

static clae_status mix_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const clae_status status =
        opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(args->operand[MIX_X]), arg_view(args->operand[MIX_Y]),
                                                       arg_uint(instance->desc.mix.count), arg_float(args->step.keep),
                                                       arg_float(args->step.more)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status mix_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                               op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance), mix_run, instance);
    if (status != CLAE_OK) return status;
    status = opencl_elementwise_create(opencl_device_of(device), "mix.cl", "", "mix_in", desc->mix.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_mix_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = mix_prepare};
