/* Convolutions of 1x1 without padding, such as linear layers, as products of matrices whose rows are pixels: weights
 * are read where they are, as copies of them take as long as the products where pixels are few. */
#include "ops/conv.h"
#include "plain/impls.h"
#include "plain/matrix_product.h"

enum { FEWEST_WEIGHTS = 16 * 1024 }; /* with fewer the direct kernels' copies are small */

static bool conv_gemm_supports(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return plain_conv_supports(device, desc) && g->kh == 1 && g->kw == 1 && g->sh == 1 && g->sw == 1 && g->ph == 0 &&
           g->pw == 0 && g->wide_h == g->narrow_h && g->wide_w == g->narrow_w;
}

static bool conv_gemm_suits(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    (void)device;
    return g->narrow_h == 1 && g->narrow_w == 1 && (size_t)g->wide_c * (size_t)g->narrow_c >= FEWEST_WEIGHTS;
}

/* Weights are [wide][narrow], those of conv_transpose2d [narrow][wide]. */
static clae_status conv_gemm_run(op_instance *instance, const op_args *args) {
    const op_desc *desc = &instance->desc;
    const conv_geometry *g = &desc->conv.g;
    const bool spread = conv_kernel_of(desc->op) == CONV_SPREAD, is_fwd = conv_is_forward(desc->op),
               relu = conv_has_relu(desc);
    const size_t pixels = (size_t)g->n * (size_t)g->narrow_h * (size_t)g->narrow_w;
    const size_t out_c = (size_t)(spread ? g->wide_c : g->narrow_c), in_c = (size_t)(spread ? g->narrow_c : g->wide_c);
    matrix_product p = matrix_product_of(pixels, out_c, in_c, false, spread != op_is_transposed(desc->op));
    p.a = plain_floats(args->operand[CONV_X]);
    p.b = plain_floats(args->operand[CONV_WEIGHT]);
    p.c = plain_floats(args->operand[is_fwd ? CONV_Y : CONV_BWD_DATA_DX]);
    p.relu = is_fwd && relu;
    if (is_fwd && desc->conv.with_bias) p.bias = plain_floats(args->operand[CONV_BIAS]);
    if (!is_fwd && relu) p.mask = plain_floats(args->operand[CONV_BWD_DATA_MASK]);
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
