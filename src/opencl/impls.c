#include "opencl/impls.h"

#include "backend/conv_chain_stages.h"

#define LIST(...)                                                                                                      \
    (const op_impl *const[]) {                                                                                         \
        __VA_ARGS__, NULL                                                                                              \
    }

#define CONV_DATA                                                                                                      \
    LIST(&opencl_conv_winograd, &opencl_conv_winograd_batched, &opencl_conv_mma, &opencl_conv_winograd_fused,          \
         &opencl_conv_winograd_tiled, &opencl_conv_col2im, &opencl_conv_direct, &opencl_conv_gemm, &opencl_conv_few,   \
         &opencl_conv_tiled, &opencl_conv_im2col, &opencl_conv_plain)
#define CONV_WEIGHTS                                                                                                   \
    LIST(&opencl_conv_winograd, &opencl_conv_winograd_batched_wgrad, &opencl_conv_mma_wgrad, &opencl_conv_taps,        \
         &opencl_conv_winograd_fused_wgrad, &opencl_conv_winograd_tiled, &opencl_conv_direct, &opencl_conv_gemm,       \
         &opencl_conv_tiled_wgrad, &opencl_conv_im2col, &opencl_conv_plain)

#define NORM_LIST LIST(&opencl_norm_vector, &opencl_norm_plain)
#define BATCH_NORM_LIST LIST(&opencl_norm_vector, &opencl_norm_blocks, &opencl_norm_plain)

static const op_impl *const *const lists[OP_COUNT] = {
    [OP_conv2d_fwd] = CONV_DATA,
    [OP_conv2d_bwd_data] = CONV_DATA,
    [OP_conv2d_bwd_weights] = CONV_WEIGHTS,
    [OP_conv_transpose2d_fwd] = CONV_DATA,
    [OP_conv_transpose2d_bwd_data] = CONV_DATA,
    [OP_conv_transpose2d_bwd_weights] = CONV_WEIGHTS,
    [OP_conv_chain_fwd] = LIST(&opencl_conv_chain_local, &conv_chain_stages),
    [OP_conv_chain_bwd_data] = LIST(&opencl_conv_chain_local, &conv_chain_stages),
    [OP_activation_fwd] = LIST(&opencl_activation_plain),
    [OP_activation_bwd] = LIST(&opencl_activation_plain),
    [OP_prelu_fwd] = LIST(&opencl_prelu_fwd_plain),
    [OP_prelu_bwd] = LIST(&opencl_prelu_bwd_plain),
    [OP_dropout] = LIST(&opencl_dropout_plain),
    [OP_add] = LIST(&opencl_add_plain),
    [OP_bias] = LIST(&opencl_bias_plain),
    [OP_pool2d_fwd] = LIST(&opencl_pool_plain),
    [OP_pool2d_bwd] = LIST(&opencl_pool_plain),
    [OP_upsample2d_fwd] = LIST(&opencl_upsample_plain),
    [OP_upsample2d_bwd] = LIST(&opencl_upsample_plain),
    [OP_pixel_shuffle_fwd] = LIST(&opencl_pixel_shuffle_plain),
    [OP_pixel_shuffle_bwd] = LIST(&opencl_pixel_shuffle_plain),
    [OP_loss] = LIST(&opencl_loss_vector, &opencl_loss_plain),
    [OP_ssim] = LIST(&opencl_ssim_plain),
    [OP_clip_norm] = LIST(&opencl_clip_norm_plain),
    [OP_mix] = LIST(&opencl_mix_plain),
    [OP_update] = LIST(&opencl_update_plain),
    [OP_load_batch] = LIST(&opencl_load_batch_plain),
    [OP_augment] = LIST(&opencl_augment_plain),
    [OP_noise] = LIST(&opencl_noise_plain),
    [OP_reduce_sum] = LIST(&opencl_reduce_sum_vector, &opencl_reduce_sum_plain),
    [OP_batch_norm_train_fwd] = BATCH_NORM_LIST,
    [OP_batch_norm_eval_fwd] = NORM_LIST,
    [OP_batch_norm_bwd] = BATCH_NORM_LIST,
    [OP_group_norm_fwd] = NORM_LIST,
    [OP_group_norm_bwd] = NORM_LIST,
#if CLAE_HAVE_CLBLAST
    [OP_gemm] = LIST(&opencl_gemm_vector, &opencl_gemm_clblast, &opencl_gemm_plain),
#else
    [OP_gemm] = LIST(&opencl_gemm_vector, &opencl_gemm_plain),
#endif
};

const op_impl *const *opencl_impls(op_id op) {
    return lists[op];
}
