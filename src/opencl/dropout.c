#include "ops/dropout.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

static clae_status dropout_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const dropout_desc *desc = &instance->desc.dropout;
    const op_step *step = &args->step;
    const philox_stream stream = dropout_stream(desc, step);
    /* As the counter has it. */
    const uint64_t index = dropout_index(desc, step, 0);
    const size_t first = (uint32_t)(index / 4), unused = index % 4, number = (uint32_t)(index >> DROPOUT_STEP_BITS);
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[DROPOUT_X]), arg_view(args->operand[DROPOUT_Y]), arg_uint(desc->count),
                    arg_uint((size_t)(uint32_t)stream.seed), arg_uint((size_t)(stream.seed >> 32)), arg_uint(first),
                    arg_uint(unused), arg_uint(number), arg_uint((size_t)stream.stream),
                    arg_uint((size_t)stream.purpose), arg_uint((size_t)dropout_threshold(desc)),
                    arg_float(dropout_scale(desc))));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status dropout_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(opencl_instance), dropout_run, instance);
    if (status != CLAE_OK) return status;
    status = opencl_elementwise_create(opencl_device_of(device), "dropout.cl", "", "dropout", desc->dropout.count, 0,
                                       &opencl_instance_of(*instance)->launch[0]);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_dropout_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = dropout_prepare};
