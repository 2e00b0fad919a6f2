/* Matrix products as the definition reads, summed in double precision. */
#include "plain/impls.h"
#include "plain/parallel.h"

static clae_status gemm_plain_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const gemm_desc *d = &instance->desc.gemm;
    const float *a = plain_floats(args->operand[GEMM_A]), *b = plain_floats(args->operand[GEMM_B]);
    float *c = plain_floats(args->operand[GEMM_C]);
    const int rows = (int)d->m;
    PLAIN_PARALLEL_FOR (device, row, rows) {
        const size_t i = (size_t)row;
        for (size_t j = 0; j < d->n; j++) {
            double sum = 0;
            for (size_t l = 0; l < d->k; l++)
                sum += (double)a[d->transpose_a ? l * d->m + i : i * d->k + l] *
                       (double)b[d->transpose_b ? j * d->k + l : l * d->n + j];
            const double before = d->beta != 0 ? (double)d->beta * (double)c[i * d->n + j] : 0;
            c[i * d->n + j] = (float)((double)d->alpha * sum + before);
        }
    }
    return CLAE_OK;
}

static clae_status gemm_plain_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    return plain_instance_create(device, desc, choice, sizeof(op_instance), gemm_plain_run, plain_instance_free,
                                 instance);
}

const op_impl plain_gemm_plain = {.name = "plain", .supports = plain_supports_all, .prepare = gemm_plain_prepare};
