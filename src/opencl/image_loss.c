#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/loss.h"

#include <stdio.h>

enum { IMAGE_LOSS_CPU_VECTOR = 16, IMAGE_LOSS_GROUP_VECTOR = 4, IMAGE_LOSS_GROUP_ITEMS = 256 };

static clae_status image_loss_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const image_loss_desc *desc = &instance->desc.image_loss;
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[IMAGE_LOSS_Y]), arg_view(args->operand[IMAGE_LOSS_TARGET]),
                                     arg_view(args->operand[IMAGE_LOSS_IMAGES]), arg_uint(desc->image_elements),
                                     arg_float((float)loss_factor(desc->loss))));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

static clae_status image_loss_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    const bool is_vector = choice->impl == &opencl_image_loss_vector;
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(opencl_instance), image_loss_run, instance);
    if (status != CLAE_OK) return status;
    opencl_launch *launch = &opencl_instance_of(*instance)->launch[0];
    char options[64];
    snprintf(options, sizeof options, "-DVEC=%d -DLOSS_NUMBER=%d",
             is_vector ? IMAGE_LOSS_CPU_VECTOR : IMAGE_LOSS_GROUP_VECTOR, (int)desc->image_loss.loss);
    status = opencl_launch_create(opencl_device_of(device), "loss.cl", options, "loss_images",
                                  is_vector ? 1 : IMAGE_LOSS_GROUP_ITEMS, launch);
    launch->global[0] = desc->image_loss.n * launch->local[0];
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_image_loss_vector = {
    .name = "vector", .suits = opencl_is_cpu, .supports = opencl_supports_long_loops, .prepare = image_loss_prepare};
const op_impl opencl_image_loss_plain = {
    .name = "plain", .supports = opencl_supports_all, .prepare = image_loss_prepare};
