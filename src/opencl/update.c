#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/update.h"

#include <stdio.h>

static clae_status update_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const view *operand = args->operand;
    const float *r = args->step.rates;
    clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[UPDATE_PARAMETERS]), arg_view(operand[UPDATE_GRADIENTS]),
                    arg_view(operand[UPDATE_STATE]), arg_view(operand[UPDATE_STATE + 1]),
                    arg_uint(instance->desc.update.count), arg_float(r[0]), arg_float(r[1]), arg_float(r[2]),
                    arg_float(r[3]), arg_float(r[4]), arg_float(r[5]), arg_float(r[6]), arg_float(r[7])));
    return status ? status : opencl_launch_run(launch);
}

static clae_status update_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                  op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance), update_run, instance);
    if (status) return status;
    char options[64];
    snprintf(options, sizeof options, " -DOPTIMISER_NUMBER=%d -DSTATES=%zu", (int)desc->update.optimiser,
             update_state_count(desc->update.optimiser));
    status = opencl_elementwise_create(opencl_device_of(device), "update.cl", options, "update", desc->update.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_update_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = update_prepare};
