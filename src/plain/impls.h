/* The implementations of the plain C backend. */
#ifndef CLAE_PLAIN_IMPLS_H
#define CLAE_PLAIN_IMPLS_H

#include "plain/plain.h"

extern const op_impl plain_activation; /* forward and backward */
extern const op_impl plain_update;
extern const op_impl plain_add;
extern const op_impl plain_bias;
extern const op_impl plain_conv_winograd;        /* "winograd", for gather and spread */
extern const op_impl plain_conv_winograd_batched;        /* "winograd_batched", for gather and spread */
extern const op_impl plain_conv_winograd_batched_wgrad;  /* "winograd_batched", for wgrad */
extern const op_impl plain_conv_winograd_wgrad;  /* "winograd", for wgrad */
extern const op_impl plain_conv_direct;          /* "direct", for gather and spread */
extern const op_impl plain_conv_direct_wgrad;    /* "direct", for wgrad */
extern const op_impl plain_conv_gemm;            /* "gemm", for gather and spread of 1x1 */
extern const op_impl plain_conv_gemm_wgrad;      /* "gemm", for wgrad */
extern const op_impl plain_conv_col2im;          /* "col2im", for spread */
extern const op_impl plain_conv_plain;           /* "plain", for all */
extern const op_impl plain_gemm_blocked, plain_gemm_plain;
extern const op_impl plain_load_batch;
extern const op_impl plain_augment, plain_noise;
extern const op_impl plain_loss;
extern const op_impl plain_clip_norm;
extern const op_impl plain_mix;
extern const op_impl plain_ssim;
extern const op_impl plain_dropout;
extern const op_impl plain_prelu_fwd, plain_prelu_bwd;
extern const op_impl plain_pool; /* forward and backward */
extern const op_impl plain_upsample; /* forward and backward */
extern const op_impl plain_pixel_shuffle; /* forward and backward */
extern const op_impl plain_norm; /* batch_norm and group_norm, all directions */
extern const op_impl plain_reduce_sum;

/* op_impl.supports of convolutions in loops: all but activations that they do not have. */
bool plain_conv_supports(const clae_device *device, const op_desc *desc);
bool plain_winograd_batched_suits(const clae_device *device, const op_desc *desc);
/* op_impl.suits and op_impl.supports of both of Winograd's. */
bool plain_winograd_suits(const clae_device *device, const op_desc *desc);
bool plain_winograd_supports(const clae_device *device, const op_desc *desc);

/* NULL-terminated, best first. */
const op_impl *const *plain_impls(op_id op);

#endif
