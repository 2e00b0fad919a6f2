#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

enum { GROUP_ITEMS = 256, MOST_CHUNKS = 256 };
enum { CHUNK, FACTOR, SCALE }; /* launches */

static size_t clip_norm_chunk(const clip_norm_desc *d) {
    return divide_up_size(divide_up_size(d->count, MOST_CHUNKS), GROUP_ITEMS) * GROUP_ITEMS;
}

static size_t clip_norm_chunks(const clip_norm_desc *d) {
    return divide_up_size(d->count, clip_norm_chunk(d));
}

static clae_status clip_norm_run(op_instance *instance, const op_args *args) {
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const clip_norm_desc *d = &instance->desc.clip_norm;
    const opencl_arg g = arg_view(args->operand[CLIP_NORM_GRADIENTS]), sums = arg_view(args->workspace);
    const opencl_arg factor = arg_view(args->operand[CLIP_NORM_FACTOR]);
    clae_status status = opencl_kernel_set(&launch[CHUNK].kernel,
                                           OPENCL_ARGS(g, sums, arg_uint(d->count), arg_uint(clip_norm_chunk(d))));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[CHUNK]);
    if (status == CLAE_OK)
        status = opencl_kernel_set(&launch[FACTOR].kernel,
                                   OPENCL_ARGS(sums, factor, arg_uint(clip_norm_chunks(d)), arg_float(d->limit)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[FACTOR]);
    if (status == CLAE_OK)
        status = opencl_kernel_set(&launch[SCALE].kernel, OPENCL_ARGS(g, factor, arg_uint(d->count)));
    return status == CLAE_OK ? opencl_launch_run(&launch[SCALE]) : status;
}

static clae_status clip_norm_prepare(clae_device *base, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    opencl_device *device = opencl_device_of(base);
    const clip_norm_desc *d = &desc->clip_norm;
    clae_status status = opencl_instance_create(base, desc, choice, sizeof(opencl_instance), clip_norm_run, instance);
    if (status != CLAE_OK) return status;
    opencl_launch *launch = opencl_instance_of(*instance)->launch;
    status = opencl_launch_create(device, "clip_norm.cl", "", "clip_norm_chunk", GROUP_ITEMS, &launch[CHUNK]);
    if (status == CLAE_OK)
        status = opencl_launch_create(device, "clip_norm.cl", "", "clip_norm_factor", GROUP_ITEMS, &launch[FACTOR]);
    if (status == CLAE_OK)
        status = opencl_elementwise_create(device, "clip_norm.cl", "", "clip_norm_scale", d->count, 0, &launch[SCALE]);
    launch[CHUNK].global[0] = clip_norm_chunks(d) * launch[CHUNK].local[0];
    launch[FACTOR].global[0] = launch[FACTOR].local[0];
    (*instance)->workspace_bytes = clip_norm_chunks(d) * sizeof(float);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_clip_norm_plain = {.name = "plain", .supports = opencl_supports_all, .prepare = clip_norm_prepare};
