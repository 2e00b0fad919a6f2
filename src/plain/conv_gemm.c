/* Convolutions of 1x1 without padding, such as linear layers, as products of matrices whose rows are pixels: weights
 * are read where they are, as copies of them take as long as the products where pixels are few. */
#include "ops/conv.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/matrix_product.h"

static bool conv_gemm_supports(const clae_device *device, const op_desc *desc) {
    return plain_conv_supports(device, desc) && conv_is_pointwise(&desc->conv.g);
}

static bool conv_gemm_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_is_large_linear(&desc->conv.g);
}

/* Weights are [wide][narrow], those of conv_transpose2d [narrow][wide]. */
static clae_status conv_gemm_run(op_instance *instance, const op_args *args) {
    const op_desc *desc = &instance->desc;
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const conv_operands o = conv_operands_of(instance, args);
    const matrix_product p = {.m = (size_t)g->n * (size_t)g->narrow_h * (size_t)g->narrow_w,
                              .n = (size_t)s.out_c,
                              .k = (size_t)s.in_c,
                              .transpose_b = s.spread != op_is_transposed(desc->op),
                              .alpha = 1,
                              .relu = o.relu,
                              .a = o.in,
                              .b = o.weight,
                              .bias = o.bias,
                              .mask = o.mask,
                              .c = o.out};
    matrix_product_run(plain_device_of(instance->device), &p, 1, plain_floats(args->workspace));
    return CLAE_OK;
}

static clae_status conv_gemm_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    clae_status status =
        plain_instance_create(device, desc, choice, sizeof(op_instance), conv_gemm_run, plain_instance_free, instance);
    if (status == CLAE_OK)
        (*instance)->workspace_bytes = matrix_product_workspace_floats(plain_device_of(device)) * sizeof(float);
    return status;
}

const op_impl plain_conv_gemm = {
    .name = "gemm", .suits = conv_gemm_suits, .supports = conv_gemm_supports, .prepare = conv_gemm_prepare};
