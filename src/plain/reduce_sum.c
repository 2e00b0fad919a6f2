#include "plain/impls.h"
#include "plain/parallel.h"

#include <string.h>

/* Parts of the rows, each summed up by one thread; their number depends on the shape alone. */
static int reduce_sum_parts_of(size_t rows) {
    return (int)(rows < 256 ? 1 : rows < 64 * 256 ? rows / 256 : 64);
}

void plain_add_partials(const float *partials, int parts, size_t columns, float *sums) {
    for (size_t c = 0; c < columns; c++) {
        double sum = 0;
        for (int i = 0; i < parts; i++) sum += (double)partials[(size_t)i * columns + c];
        sums[c] = (float)sum;
    }
}

size_t plain_sum_columns_floats(size_t rows, size_t columns) {
    return (size_t)reduce_sum_parts_of(rows) * columns;
}

void plain_sum_columns(const plain_device *device, const float *x, size_t rows, size_t columns, float *workspace,
                       float *sums) {
    const int parts = reduce_sum_parts_of(rows);
    PLAIN_PARALLEL_FOR (device, i, parts) {
        const size_t first = rows * (size_t)i / (size_t)parts, end = rows * (size_t)(i + 1) / (size_t)parts;
        float *part = workspace + (size_t)i * columns;
        memset(part, 0, columns * sizeof(float));
        device->kernels->column_sums(x + first * columns, end - first, columns, part);
    }
    plain_add_partials(workspace, parts, columns, sums);
}

static clae_status reduce_sum_run(op_instance *instance, const op_args *args) {
    plain_sum_columns(plain_device_of(instance->device), plain_floats(args->operand[REDUCE_SUM_X]),
                      instance->desc.reduce_sum.rows, instance->desc.reduce_sum.columns, plain_floats(args->workspace),
                      plain_floats(args->operand[REDUCE_SUM_Y]));
    return CLAE_OK;
}

static clae_status reduce_sum_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    clae_status status =
        plain_instance_create(device, desc, choice, sizeof(op_instance), reduce_sum_run, plain_instance_free, instance);
    if (status == CLAE_OK)
        (*instance)->workspace_bytes =
            plain_sum_columns_floats(desc->reduce_sum.rows, desc->reduce_sum.columns) * sizeof(float);
    return status;
}

const op_impl plain_reduce_sum = {.name = "plain", .supports = plain_supports_all, .prepare = reduce_sum_prepare};
