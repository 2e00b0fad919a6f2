#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/loss.h"

#include <stdio.h>

/* How the sum is divided. */
typedef struct loss_style {
    size_t items, vector, most_chunks;
} loss_style;

static const loss_style loss_cpu_style = {.items = 1, .vector = 16, .most_chunks = 64};
static const loss_style loss_group_style = {.items = 256, .vector = 4, .most_chunks = 256};

typedef struct loss_instance {
    opencl_instance base;
    size_t chunk, chunks;
} loss_instance;

static clae_status loss_run(op_instance *instance, const op_args *args) {
    loss_instance *self = (loss_instance *)instance;
    const loss_desc *desc = &instance->desc.loss;
    opencl_launch *launch = self->base.launch;
    view losses = args->operand[LOSS_LOSSES];
    losses.offset += args->step.slot;
    clae_status status = opencl_kernel_set(
        &launch[0].kernel, OPENCL_ARGS(arg_view(args->operand[LOSS_Y]), arg_view(args->operand[LOSS_TARGET]),
                                       arg_view(args->operand[LOSS_DY]), arg_view(args->workspace),
                                       arg_uint(desc->count), arg_uint(self->chunk), arg_float(desc->scale)));
    if (!status) status = opencl_launch_run(&launch[0]);
    if (!status)
        status = opencl_kernel_set(&launch[1].kernel,
                                   OPENCL_ARGS(arg_view(args->workspace), arg_view(losses), arg_uint(self->chunks),
                                               arg_float((float)loss_factor(desc->loss) * desc->scale)));
    return status ? status : opencl_launch_run(&launch[1]);
}

static clae_status loss_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                op_instance **instance) {
    const loss_style *style = choice->impl == &opencl_loss_vector ? &loss_cpu_style : &loss_group_style;
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(loss_instance), loss_run, instance);
    if (status) return status;
    loss_instance *self = (loss_instance *)*instance;
    opencl_launch *launch = self->base.launch;
    char options[64];
    snprintf(options, sizeof options, "-DVEC=%zu -DLOSS_NUMBER=%d%s", style->vector, (int)desc->loss.loss,
             desc->loss.with_gradient ? " -DGRADIENT" : "");
    status = opencl_launch_create(opencl_device_of(device), "loss.cl", options, "loss_chunk", style->items, &launch[0]);
    if (!status)
        status =
            opencl_launch_create(opencl_device_of(device), "loss.cl", options, "loss_total", style->items, &launch[1]);
    if (status) return opencl_instance_finish(instance, status);
    const size_t step = launch[0].local[0] * style->vector;
    const size_t steps = desc->loss.count / step + 1;
    self->chunk = (steps / style->most_chunks + 1) * step;
    self->chunks = desc->loss.count / self->chunk + (desc->loss.count % self->chunk != 0);
    launch[0].global[0] = self->chunks * launch[0].local[0];
    launch[1].global[0] = launch[1].local[0];
    (*instance)->workspace_bytes = self->chunks * sizeof(float);
    return CLAE_OK;
}

const op_impl opencl_loss_vector = {
    .name = "vector", .suits = opencl_is_cpu, .supports = opencl_supports_long_loops, .prepare = loss_prepare};
const op_impl opencl_loss_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = loss_prepare};
