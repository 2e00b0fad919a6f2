#include "opencl/impls.h"
#include "opencl/instance.h"

#include <stdio.h>

enum { CPU_VECTOR = 16, CPU_MOST_CHUNKS = 64, CPU_CHUNK_ELEMENTS = 4096 };
enum { GROUP_ITEMS = 256, GROUP_MOST_CHUNKS = 256, GROUP_ROWS_PER_ITEM = 16 };

/* launch[0] sums chunks of rows, launch[1] the chunks' sums where there is more than one. */
typedef struct reduce_sum_instance {
    opencl_instance base;
    size_t chunk, chunks;
    size_t width; /* columns of a work-group; 0: the kernel has no such argument */
} reduce_sum_instance;

static clae_status reduce_sum_run_stage(reduce_sum_instance *self, opencl_launch *launch, view x, view y, size_t rows,
                                        size_t chunk) {
    const size_t columns = self->base.base.desc.reduce_sum.columns;
    clae_status status =
        self->width
            ? opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(x), arg_view(y), arg_uint(rows),
                                                             arg_uint(columns), arg_uint(chunk), arg_uint(self->width)))
            : opencl_kernel_set(&launch->kernel, OPENCL_ARGS(arg_view(x), arg_view(y), arg_uint(rows),
                                                             arg_uint(columns), arg_uint(chunk)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status reduce_sum_run(op_instance *instance, const op_args *args) {
    reduce_sum_instance *self = (reduce_sum_instance *)instance;
    const size_t rows = instance->desc.reduce_sum.rows;
    const view x = args->operand[REDUCE_SUM_X], y = args->operand[REDUCE_SUM_Y];
    if (self->chunks == 1) return reduce_sum_run_stage(self, &self->base.launch[0], x, y, rows, self->chunk);
    clae_status status = reduce_sum_run_stage(self, &self->base.launch[0], x, args->workspace, rows, self->chunk);
    return status ? status
                  : reduce_sum_run_stage(self, &self->base.launch[1], args->workspace, y, self->chunks, self->chunks);
}

/* Divides the rows into chunks of at least `least` rows and says how large the grids are. */
static void reduce_sum_divide_rows(reduce_sum_instance *self, size_t least, size_t most_chunks, size_t column_groups) {
    const reduce_sum_desc *desc = &self->base.base.desc.reduce_sum;
    self->chunk = desc->rows / most_chunks + 1;
    if (self->chunk < least) self->chunk = least;
    self->chunks = (desc->rows + self->chunk - 1) / self->chunk;
    if (self->chunks == 0) self->chunks = 1;
    if (self->chunks > 1) self->base.base.workspace_bytes = self->chunks * desc->columns * sizeof(float);
    for (int stage = 0; stage < 2; ++stage) {
        opencl_launch *launch = &self->base.launch[stage];
        launch->dimensions = 2;
        launch->local[1] = 1;
        launch->global[0] = (stage == 0 ? self->chunks : 1) * launch->local[0];
        launch->global[1] = column_groups;
    }
}

static clae_status reduce_sum_prepare_vector(clae_device *device, const op_desc *desc, const op_choice *choice,
                                             op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(reduce_sum_instance), reduce_sum_run, instance);
    if (status) return status;
    reduce_sum_instance *self = (reduce_sum_instance *)*instance;
    const size_t columns = desc->reduce_sum.columns;
    const bool folded = columns < CPU_VECTOR && CPU_VECTOR % columns == 0;
    size_t vector = CPU_VECTOR;
    while (vector > columns) vector /= 2;
    char options[32];
    snprintf(options, sizeof options, "-DVEC=%zu", vector);
    for (int stage = 0; stage < 2 && !status; ++stage) {
        status =
            opencl_kernel_create(opencl_device_of(device), "reduce_sum.cl", options,
                                 folded ? "reduce_sum_folded" : "reduce_sum_vector", &self->base.launch[stage].kernel);
        self->base.launch[stage].local[0] = 1;
    }
    if (!status)
        reduce_sum_divide_rows(self, CPU_CHUNK_ELEMENTS / columns + 1, CPU_MOST_CHUNKS,
                               folded ? 1 : (columns + vector - 1) / vector);
    return opencl_instance_finish(instance, status);
}

static clae_status reduce_sum_prepare_plain(clae_device *device, const op_desc *desc, const op_choice *choice,
                                            op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(reduce_sum_instance), reduce_sum_run, instance);
    if (status) return status;
    reduce_sum_instance *self = (reduce_sum_instance *)*instance;
    const size_t columns = desc->reduce_sum.columns;
    for (int stage = 0; stage < 2 && !status; ++stage)
        status = opencl_launch_create(opencl_device_of(device), "reduce_sum.cl", "", "reduce_sum_group", GROUP_ITEMS,
                                      &self->base.launch[stage]);
    if (status) return opencl_instance_finish(instance, status);
    const size_t items = self->base.launch[0].local[0];
    self->width = 1;
    while (self->width < columns && self->width < items) self->width *= 2;
    reduce_sum_divide_rows(self, items / self->width * GROUP_ROWS_PER_ITEM, GROUP_MOST_CHUNKS,
                           (columns + self->width - 1) / self->width);
    return CLAE_OK;
}

const op_impl opencl_reduce_sum_vector = {.name = "vector",
                                          .suits = opencl_is_cpu,
                                          .supports = opencl_supports_long_loops,
                                          .prepare = reduce_sum_prepare_vector};
const op_impl opencl_reduce_sum_plain = {
    .name = "plain", .supports = opencl_supports_all, .prepare = reduce_sum_prepare_plain};
