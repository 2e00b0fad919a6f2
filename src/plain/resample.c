#include "base/memory.h"
#include "base/numbers.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <stdlib.h>

typedef struct resample_instance {
    op_instance base;
    resample resample;
    int in, out; /* operands */
    int rows_per_task;
} resample_instance;

static clae_status resample_run(op_instance *instance, const op_args *args) {
    const resample_instance *self = (const resample_instance *)instance;
    const plain_device *device = plain_device_of(instance->device);
    const resample *r = &self->resample;
    const float *in = plain_floats(args->operand[self->in]);
    float *out = plain_floats(args->operand[self->out]), *scratch = plain_floats(args->workspace);
    const int rows = r->n * r->rows.count, tasks = divide_up(rows, self->rows_per_task);
    PLAIN_PARALLEL_FOR (device, i, tasks) {
        const int first = i * self->rows_per_task, end = smaller(first + self->rows_per_task, rows);
        float *row = scratch + (size_t)plain_thread() * (size_t)r->in_w * (size_t)r->channels;
        device->kernels->resample(r, in, out, row, first, end);
    }
    return CLAE_OK;
}

static void resample_release(op_instance *instance) {
    resample_instance *self = (resample_instance *)instance;
    free(self->resample.rows.range);
    free(self->resample.rows.weight);
    free(self->resample.columns.range);
    free(self->resample.columns.weight);
    free(self);
}

/* Allocates what an axis of the shape needs. */
static clae_status resample_axis_create(clae_device *device, resample_axis *axis) {
    const int count = axis->count, most = axis->most;
    axis->range = calloc((size_t)count, sizeof *axis->range);
    axis->weight = most ? calloc((size_t)count * (size_t)most, sizeof *axis->weight) : NULL;
    if (axis->range && (axis->weight || !most)) return CLAE_OK;
    return fail_memory(device->context, (size_t)count * (sizeof *axis->range + (size_t)most * sizeof *axis->weight),
                       "a prepared op");
}

clae_status plain_resample_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                  const resample *shape, int in, int out, op_instance **instance, resample **made) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(resample_instance), resample_run,
                                               resample_release, instance);
    if (status != CLAE_OK) return status;
    resample_instance *self = (resample_instance *)*instance;
    self->resample = *shape;
    self->in = in;
    self->out = out;
    const int longest = larger(shape->in_w, shape->columns.count) * shape->channels;
    self->rows_per_task = larger(1, PLAIN_PIECE / longest);
    (*instance)->workspace_bytes =
        (size_t)plain_device_of(device)->threads * (size_t)shape->in_w * (size_t)shape->channels * sizeof(float);
    status = resample_axis_create(device, &self->resample.rows);
    if (status == CLAE_OK) status = resample_axis_create(device, &self->resample.columns);
    *made = &self->resample;
    if (status == CLAE_OK) return CLAE_OK;
    resample_release(*instance);
    *instance = NULL;
    return status;
}
