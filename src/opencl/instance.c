#include "opencl/instance.h"

#include "base/decimal.h"
#include "base/memory.h"
#include "ops/op_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GPU_GROUP_ITEMS = 256, GPU_VECTOR = 4, CPU_VECTOR = 16, CPU_VECTORS_PER_ITEM = 256 };
enum { GPU_ROW_GROUP_ITEMS = 64, CPU_ROWS_FLOATS = 4096 };

clae_status opencl_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice, size_t bytes,
                                   clae_status (*run)(op_instance *, const op_args *), op_instance **instance) {
    *instance = calloc(1, bytes);
    if (!*instance) return fail_memory(device->context, bytes, "a prepared op");
    (*instance)->impl = choice->impl;
    (*instance)->device = device;
    (*instance)->desc = *desc;
    (*instance)->run = run;
    (*instance)->release = opencl_instance_release;
    for (int i = 0; i < OPENCL_MAX_LAUNCHES; ++i) {
        opencl_instance_of(*instance)->launch[i].flops = op_flops(desc);
        opencl_instance_of(*instance)->launch[i].bytes = op_bytes(desc);
    }
    return CLAE_OK;
}

clae_status opencl_instance_finish(op_instance **instance, clae_status status) {
    if (!status) return CLAE_OK;
    (*instance)->release(*instance);
    *instance = NULL;
    return status;
}

void opencl_instance_release(op_instance *instance) {
    if (!instance) return;
    for (int i = 0; i < OPENCL_MAX_LAUNCHES; ++i)
        opencl_kernel_release(&opencl_instance_of(instance)->launch[i].kernel);
    free(instance);
}

void opencl_write_list(const float *values, size_t count, char *list) {
    int used = 0;
    for (size_t i = 0; i < count; i++)
        used += decimal_print(list + used, DECIMAL_BYTES, i ? ",%.9ef" : "%.9ef", (double)values[i]);
}

size_t opencl_group_items(const opencl_device *device, size_t wanted) {
    size_t items = 1;
    while (items * 2 <= wanted && items * 2 <= device->max_work_group_items) items *= 2;
    return items;
}

clae_status opencl_launch_create(opencl_device *device, const char *file, const char *options, const char *name,
                                 size_t wanted, opencl_launch *launch) {
    for (size_t items = opencl_group_items(device, wanted);; items /= 2) {
        char *all = string_format("%s%s-DLOCAL=%zu", options, *options ? " " : "", items);
        if (!all) return fail_memory(device->base.context, strlen(options), "build options");
        clae_status status = opencl_kernel_create(device, file, all, name, &launch->kernel);
        free(all);
        if (status) return status;
        launch->dimensions = 1;
        launch->local[0] = items;
        if (items == 1 || opencl_kernel_work_group_items(&launch->kernel) >= items) return CLAE_OK;
        opencl_kernel_release(&launch->kernel);
    }
}

clae_status opencl_elementwise_create(opencl_device *device, const char *file, const char *options, const char *name,
                                      size_t count, size_t multiple, opencl_launch *launch) {
    const bool cpu = device->class == OPENCL_CLASS_CPU;
    size_t vector = cpu ? CPU_VECTOR : GPU_VECTOR;
    const size_t per_item = cpu ? CPU_VECTORS_PER_ITEM : 1;
    while (multiple % vector != 0) vector /= 2;
    char all[160];
    snprintf(all, sizeof all, "-DVEC=%zu -DPER_ITEM=%zu%s", vector, per_item, options);
    clae_status status = opencl_launch_create(device, file, all, name, cpu ? 1 : GPU_GROUP_ITEMS, launch);
    if (status) return status;
    const size_t group_elements = launch->local[0] * per_item * vector;
    const size_t groups = count / group_elements + (count % group_elements != 0);
    launch->global[0] = (groups ? groups : 1) * launch->local[0];
    return CLAE_OK;
}

/* On CPUs an item takes whole rows, of some elements together; on GPUs groups are of a shape that rows fill. */
static void choose_row_grid(const opencl_device *device, size_t rows, size_t row_vectors, size_t rows_per_item,
                            opencl_launch *launch) {
    const bool cpu = device->class == OPENCL_CLASS_CPU;
    const size_t group = cpu ? 1 : opencl_group_items(device, GPU_ROW_GROUP_ITEMS);
    size_t across = 1;
    while (across < group && across < row_vectors) across *= 2;
    const size_t down = group / across, items = (rows + rows_per_item - 1) / rows_per_item;
    launch->dimensions = 2;
    launch->local[0] = across;
    launch->local[1] = down;
    launch->global[0] = cpu ? 1 : (row_vectors + across - 1) / across * across;
    launch->global[1] = (items + down - 1) / down * down;
}

clae_status opencl_rows_create(opencl_device *device, const char *file, const char *options, const char *name,
                               size_t rows, size_t row_floats, size_t channels, opencl_launch *launch,
                               size_t *rows_per_item) {
    const bool cpu = device->class == OPENCL_CLASS_CPU;
    size_t vector = cpu ? CPU_VECTOR : GPU_VECTOR;
    while (channels % vector != 0) vector /= 2;
    char *all = string_format("-DVEC=%zu%s%s", vector, cpu ? " -DWHOLE_ROWS" : "", options);
    if (!all) return fail_memory(device->base.context, strlen(options), "build options");
    *rows_per_item = cpu && row_floats < CPU_ROWS_FLOATS ? CPU_ROWS_FLOATS / row_floats : 1;
    choose_row_grid(device, rows, row_floats / vector, *rows_per_item, launch);
    const clae_status status = opencl_kernel_create(device, file, all, name, &launch->kernel);
    free(all);
    return status;
}

bool opencl_is_cpu(const clae_device *device, const op_desc *desc) {
    (void)desc;
    return ((const opencl_device *)device)->class == OPENCL_CLASS_CPU;
}

bool opencl_supports_long_loops(const clae_device *device, const op_desc *desc) {
    (void)desc;
    return !((const opencl_device *)device)->loops_end_early;
}

bool opencl_supports_all(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return true;
}

bool opencl_supports_relu(const clae_device *device, const op_desc *desc) {
    (void)device;
    return op_has_relu_at_most(desc);
}
