/* The implementations of the OpenCL backend, one symbol each: opencl_<op>_<impl>. */
#ifndef CLAE_OPENCL_IMPLS_H
#define CLAE_OPENCL_IMPLS_H

#include "opencl/opencl.h"

#define OPENCL_CONV_IMPLS(op)                                                                                          \
    extern const op_impl opencl_##op##_winograd, opencl_##op##_winograd_tiled, opencl_##op##_direct,                   \
        opencl_##op##_mma, opencl_##op##_tiled, opencl_##op##_im2col, opencl_##op##_plain

OPENCL_CONV_IMPLS(conv2d_fwd);
OPENCL_CONV_IMPLS(conv2d_bwd_data);
OPENCL_CONV_IMPLS(conv2d_bwd_weights);
OPENCL_CONV_IMPLS(conv_transpose2d_fwd);
OPENCL_CONV_IMPLS(conv_transpose2d_bwd_data);
OPENCL_CONV_IMPLS(conv_transpose2d_bwd_weights);

extern const op_impl opencl_bias_plain;
extern const op_impl opencl_relu_fwd_plain, opencl_relu_bwd_plain;
extern const op_impl opencl_loss_vector, opencl_loss_plain;
extern const op_impl opencl_update_plain;
extern const op_impl opencl_load_batch_plain;
extern const op_impl opencl_reduce_sum_vector, opencl_reduce_sum_plain;
extern const op_impl opencl_gemm_vector, opencl_gemm_clblast, opencl_gemm_plain;

/* The list of an op, NULL-terminated, best first. */
const op_impl *const *opencl_impls(op_id op);

#endif
