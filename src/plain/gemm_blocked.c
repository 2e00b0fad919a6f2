#include "plain/impls.h"
#include "plain/matrix_product.h"

static clae_status gemm_blocked_run(op_instance *instance, const op_args *args) {
    const gemm_desc *d = &instance->desc.gemm;
    const matrix_product p = {.m = d->m,
                              .n = d->n,
                              .k = d->k,
                              .transpose_a = d->transpose_a,
                              .transpose_b = d->transpose_b,
                              .alpha = d->alpha,
                              .beta = d->beta,
                              .a = plain_floats(args->operand[GEMM_A]),
                              .b = plain_floats(args->operand[GEMM_B]),
                              .c = plain_floats(args->operand[GEMM_C])};
    matrix_product_run(plain_device_of(instance->device), &p, 1, plain_floats(args->workspace));
    return CLAE_OK;
}

static clae_status gemm_blocked_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(op_instance), gemm_blocked_run,
                                               plain_instance_free, instance);
    if (status == CLAE_OK)
        (*instance)->workspace_bytes = matrix_product_workspace_floats(plain_device_of(device)) * sizeof(float);
    return status;
}

const op_impl plain_gemm_blocked = {.name = "blocked", .supports = plain_supports_all, .prepare = gemm_blocked_prepare};
