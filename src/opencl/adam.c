#include "opencl/impls.h"
#include "opencl/instance.h"

static clae_status run(op_instance *instance, const op_args *args) {
    const adam_desc *desc = &instance->desc.adam;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    clae_status status = opencl_kernel_set(
        &launch->kernel, "vvvvufffffff", args->operand[ADAM_PARAMETERS], args->operand[ADAM_GRADIENTS],
        args->operand[ADAM_M], args->operand[ADAM_V], desc->count, desc->beta1, 1 - desc->beta1, desc->beta2,
        1 - desc->beta2, desc->epsilon, (double)args->step.rates[ADAM_STEP_SIZE], (double)args->step.rates[ADAM_SQRT_CORRECTION2]);
    return status ? status : opencl_launch_run(launch);
}

static clae_status prepare(clae_device *device, const op_desc *desc, op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, &opencl_adam_plain, sizeof(opencl_instance), run, instance);
    if (status) return status;
    status = opencl_elementwise_create(opencl_device_of(device), "adam.cl", "adam", desc->adam.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_adam_plain = {"plain", NULL, opencl_supports_all, prepare};
