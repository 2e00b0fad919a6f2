#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

#define TEXT_(name) #name
#define TEXT(name) TEXT_(name)

const plain_kernels PLAIN_NAME(plain_kernels) = {
    .name = TEXT(PLAIN_ISA),
    .limits = TILE_LIMITS,
    .tile = PLAIN_NAME(plain_tile),
    .correlate = PLAIN_NAME(plain_correlate),
    .wgrad = PLAIN_NAME(plain_wgrad),
    .winograd_weights = PLAIN_NAME(plain_winograd_weights),
    .winograd = PLAIN_NAME(plain_winograd),
    .winograd_wgrad = PLAIN_NAME(plain_winograd_wgrad),
    .winograd_wgrad_finish = PLAIN_NAME(plain_winograd_wgrad_finish),
    .column_sums = PLAIN_NAME(plain_column_sums),
    .norm_moments = PLAIN_NAME(plain_norm_moments),
    .norm_sums = PLAIN_NAME(plain_norm_sums),
    .norm_apply = PLAIN_NAME(plain_norm_apply),
    .norm_apply_bwd = PLAIN_NAME(plain_norm_apply_bwd),
    .add = PLAIN_NAME(plain_add),
    .mix = PLAIN_NAME(plain_mix),
    .scale = PLAIN_NAME(plain_scale),
    .sum_squares = PLAIN_NAME(plain_sum_squares),
    .bias = PLAIN_NAME(plain_bias),
    .activation_fwd = PLAIN_NAME(plain_activation_fwd),
    .activation_bwd = PLAIN_NAME(plain_activation_bwd),
    .dropout = PLAIN_NAME(plain_dropout),
    .prelu_fwd = PLAIN_NAME(plain_prelu_fwd),
    .prelu_bwd = PLAIN_NAME(plain_prelu_bwd),
    .prelu_bwd_one = PLAIN_NAME(plain_prelu_bwd_one),
    .resample = PLAIN_NAME(plain_resample),
    .pool_pick = PLAIN_NAME(plain_pool_pick),
    .pixel_shuffle = PLAIN_NAME(plain_pixel_shuffle),
    .pixel_unshuffle = PLAIN_NAME(plain_pixel_unshuffle),
    .ssim_windows = PLAIN_NAME(plain_ssim_windows),
    .ssim_gradient = PLAIN_NAME(plain_ssim_gradient),
    .loss = PLAIN_NAME(plain_loss),
    .update = PLAIN_NAME(plain_update),
    .load_bytes = PLAIN_NAME(plain_load_bytes),
    .load_floats = PLAIN_NAME(plain_load_floats),
    .peak = PLAIN_NAME(plain_peak),
};
