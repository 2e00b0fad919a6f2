#include "plain/impls.h"

#include "backend/conv_chain_stages.h"

#define LIST(...)                                                                                                      \
    (const op_impl *const[]) {                                                                                         \
        __VA_ARGS__, NULL                                                                                              \
    }
#define GATHER_LIST                                                                                                    \
    LIST(&plain_conv_gemm, &plain_conv_winograd, &plain_conv_winograd_batched, &plain_conv_direct, &plain_conv_plain)
#define SPREAD_LIST                                                                                                    \
    LIST(&plain_conv_gemm, &plain_conv_winograd, &plain_conv_winograd_batched, &plain_conv_col2im, &plain_conv_direct, \
         &plain_conv_plain)
#define WGRAD_LIST                                                                                                \
    LIST(&plain_conv_winograd_wgrad, &plain_conv_winograd_batched_wgrad, &plain_conv_gemm_wgrad,                       \
         &plain_conv_direct_wgrad, &plain_conv_plain)

static const op_impl *const *const lists[OP_COUNT] = {
    [OP_conv2d_fwd] = GATHER_LIST,
    [OP_conv2d_bwd_data] = SPREAD_LIST,
    [OP_conv2d_bwd_weights] = WGRAD_LIST,
    [OP_conv_transpose2d_fwd] = SPREAD_LIST,
    [OP_conv_transpose2d_bwd_data] = GATHER_LIST,
    [OP_conv_transpose2d_bwd_weights] = WGRAD_LIST,
    [OP_conv_chain_fwd] = LIST(&conv_chain_stages),
    [OP_conv_chain_bwd_data] = LIST(&conv_chain_stages),
    [OP_activation_fwd] = LIST(&plain_activation),
    [OP_activation_bwd] = LIST(&plain_activation),
    [OP_prelu_fwd] = LIST(&plain_prelu_fwd),
    [OP_prelu_bwd] = LIST(&plain_prelu_bwd),
    [OP_dropout] = LIST(&plain_dropout),
    [OP_add] = LIST(&plain_add),
    [OP_bias] = LIST(&plain_bias),
    [OP_pool2d_fwd] = LIST(&plain_pool),
    [OP_pool2d_bwd] = LIST(&plain_pool),
    [OP_upsample2d_fwd] = LIST(&plain_upsample),
    [OP_upsample2d_bwd] = LIST(&plain_upsample),
    [OP_pixel_shuffle_fwd] = LIST(&plain_pixel_shuffle),
    [OP_pixel_shuffle_bwd] = LIST(&plain_pixel_shuffle),
    [OP_loss] = LIST(&plain_loss),
    [OP_ssim] = LIST(&plain_ssim),
    [OP_clip_norm] = LIST(&plain_clip_norm),
    [OP_mix] = LIST(&plain_mix),
    [OP_update] = LIST(&plain_update),
    [OP_load_batch] = LIST(&plain_load_batch),
    [OP_augment] = LIST(&plain_augment),
    [OP_noise] = LIST(&plain_noise),
    [OP_reduce_sum] = LIST(&plain_reduce_sum),
    [OP_batch_norm_train_fwd] = LIST(&plain_norm),
    [OP_batch_norm_eval_fwd] = LIST(&plain_norm),
    [OP_batch_norm_bwd] = LIST(&plain_norm),
    [OP_group_norm_fwd] = LIST(&plain_norm),
    [OP_group_norm_bwd] = LIST(&plain_norm),
    [OP_gemm] = LIST(&plain_gemm_blocked, &plain_gemm_plain),
};

const op_impl *const *plain_impls(op_id op) {
    return lists[op];
}
