#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/update.h"

#include <stdio.h>

static clae_status update_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const view *operand = args->operand;
    const float *r = args->step.rates;
    clae_status status = opencl_kernel_set(
        &launch->kernel, "vvvvuffffffff", operand[UPDATE_PARAMETERS], operand[UPDATE_GRADIENTS], operand[UPDATE_STATE],
        operand[UPDATE_STATE + 1], instance->desc.update.count, (double)r[0], (double)r[1], (double)r[2], (double)r[3],
        (double)r[4], (double)r[5], (double)r[6], (double)r[7]);
    return status ? status : opencl_launch_run(launch);
}

static clae_status update_prepare(clae_device *device, const op_desc *desc, const op_impl *impl,
                                  op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, impl, sizeof(opencl_instance), update_run, instance);
    if (status) return status;
    char options[64];
    snprintf(options, sizeof options, " -DOPTIMISER_NUMBER=%d -DSTATES=%zu", (int)desc->update.optimiser,
             update_state_count(desc->update.optimiser));
    status = opencl_elementwise_create(opencl_device_of(device), "update.cl", options, "update", desc->update.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_update_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = update_prepare};
