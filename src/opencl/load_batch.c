#include "base/decimal.h"
#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

enum { CPU_VECTOR = 16, CPU_MOST_ITEMS = 64, GPU_VECTOR = 4, GPU_GROUP_ITEMS = 64, GPU_MOST_ITEMS = 32768 };

/* The scales, or the shifts, of all channels as an option. */
enum { LIST_BYTES = LOAD_BATCH_MAX_CHANNELS * DECIMAL_BYTES };

typedef struct load_batch_instance {
    opencl_instance base;
    size_t images_per_item;
} load_batch_instance;

static clae_status load_batch_run(op_instance *instance, const op_args *args) {
    load_batch_instance *self = (load_batch_instance *)instance;
    const load_batch_desc *desc = &instance->desc.load_batch;
    opencl_launch *launch = &self->base.launch[0];
    view indices = args->operand[LOAD_BATCH_INDICES];
    indices.offset += args->step.first;
    clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(args->operand[LOAD_BATCH_ELEMENTS]), arg_view(indices),
                    arg_view(args->operand[LOAD_BATCH_X]), arg_uint(desc->n), arg_uint(desc->image_elements),
                    arg_uint(self->images_per_item), arg_float(desc->scale[0]), arg_float(desc->shift[0])));
    return status ? status : opencl_launch_run(launch);
}

static clae_status load_batch_prepare(clae_device *base, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    clae_status status =
        opencl_instance_create(base, desc, choice, sizeof(load_batch_instance), load_batch_run, instance);
    if (status) return status;
    load_batch_instance *self = (load_batch_instance *)*instance;
    opencl_device *device = opencl_device_of(base);
    opencl_launch *launch = &self->base.launch[0];
    const bool cpu = device->class == OPENCL_CLASS_CPU;
    const size_t channels = desc->load_batch.channels;
    const size_t vector = channels > 1 ? channels : cpu ? CPU_VECTOR : GPU_VECTOR;
    const size_t most_items = cpu ? CPU_MOST_ITEMS : GPU_MOST_ITEMS;
    char scales[LIST_BYTES], shifts[LIST_BYTES], options[2 * LIST_BYTES + 96];
    int used = snprintf(options, sizeof options, "-DVEC=%zu -DCHANNELS=%zu -DELEMENT=%s%s", vector, channels,
                        desc->load_batch.from_float ? "float" : "uchar", cpu ? " -DWHOLE_ROWS" : "");
    if (channels > 1) {
        opencl_write_list(desc->load_batch.scale, channels, scales);
        opencl_write_list(desc->load_batch.shift, channels, shifts);
        snprintf(options + used, sizeof options - (size_t)used, " -DSCALES=%s -DSHIFTS=%s", scales, shifts);
    }
    status = opencl_kernel_create(device, "load_batch.cl", options, "load_batch", &launch->kernel);
    if (status) return opencl_instance_finish(instance, status);
    self->images_per_item = (desc->load_batch.n + most_items - 1) / most_items;
    launch->dimensions = 2;
    launch->local[0] = cpu ? 1 : opencl_group_items(device, GPU_GROUP_ITEMS);
    launch->local[1] = 1;
    const size_t group_elements = launch->local[0] * vector;
    launch->global[0] =
        cpu ? 1 : (desc->load_batch.image_elements + group_elements - 1) / group_elements * launch->local[0];
    launch->global[1] = (desc->load_batch.n + self->images_per_item - 1) / self->images_per_item;
    return CLAE_OK;
}

const op_impl opencl_load_batch_plain = {
    .name = "plain", .supports = opencl_supports_all, .prepare = load_batch_prepare};
