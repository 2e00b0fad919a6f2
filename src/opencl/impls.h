/* The implementations of the OpenCL backend, one symbol each: opencl_<op>_<impl>. */
#ifndef CLAE_OPENCL_IMPLS_H
#define CLAE_OPENCL_IMPLS_H

#include "opencl/opencl.h"

/* Each of these does all six convolutions; taps and what ends in wgrad, the weights' gradients alone, mma, tiled and
 * few, gather and spread (ops/conv.h), and col2im spread. */
extern const op_impl opencl_conv_taps, opencl_conv_winograd, opencl_conv_winograd_batched,
    opencl_conv_winograd_batched_wgrad, opencl_conv_winograd_fused, opencl_conv_winograd_fused_wgrad, opencl_conv_mma,
    opencl_conv_mma_wgrad, opencl_conv_winograd_tiled, opencl_conv_col2im, opencl_conv_direct, opencl_conv_gemm,
    opencl_conv_few, opencl_conv_tiled, opencl_conv_tiled_wgrad, opencl_conv_im2col, opencl_conv_plain;

extern const op_impl opencl_add_plain;
extern const op_impl opencl_bias_plain;
extern const op_impl opencl_activation_plain; /* forward and backward */
extern const op_impl opencl_dropout_plain;
extern const op_impl opencl_prelu_fwd_plain, opencl_prelu_bwd_plain;
extern const op_impl opencl_pool_plain;          /* forward and backward */
extern const op_impl opencl_upsample_plain;      /* forward and backward */
extern const op_impl opencl_pixel_shuffle_plain; /* forward and backward */
extern const op_impl opencl_loss_vector, opencl_loss_plain;
extern const op_impl opencl_ssim_plain;
extern const op_impl opencl_clip_norm_plain, opencl_mix_plain;
extern const op_impl opencl_update_plain;
extern const op_impl opencl_load_batch_plain;
extern const op_impl opencl_augment_plain, opencl_noise_plain;
extern const op_impl opencl_reduce_sum_vector, opencl_reduce_sum_plain;
extern const op_impl opencl_norm_vector, opencl_norm_plain; /* batch_norm and group_norm, all directions */
extern const op_impl opencl_norm_blocks;                    /* batch_norm in training */
extern const op_impl opencl_gemm_vector, opencl_gemm_clblast, opencl_gemm_plain;

/* Whether gemm is the choice of CPUs. */
extern const op_impl opencl_conv_chain_local;
bool opencl_conv_is_product(const op_desc *desc);

/* The list of an op, NULL-terminated, best first. */
const op_impl *const *opencl_impls(op_id op);

#endif
