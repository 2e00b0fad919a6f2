/* Every op in double precision, from its definition, slowly. Nothing of src is used but the descriptors.
 *
 * Each function also gives, for every element of an output, its magnitude: the sum of the absolute values of the terms
 * that were summed, which the bound of the rounding error is proportional to. Optional arrays are NULL. */
#ifndef CLAE_TESTS_REFERENCE_H
#define CLAE_TESTS_REFERENCE_H

#include "ops/op.h"

typedef struct reference_output {
    double *value, *magnitude;
} reference_output;

/* The descriptor's with_bias and activation decide whether bias, mask and dbias are used; the activation is relu or none. */
void reference_conv2d_fwd(const conv_desc *d, const double *x, const double *weight, const double *bias,
                          reference_output y);
void reference_conv2d_bwd_data(const conv_desc *d, const double *dy, const double *weight, const double *mask,
                               reference_output dx);
void reference_conv2d_bwd_weights(const conv_desc *d, const double *x, const double *dy, reference_output dweight,
                                  reference_output dbias);
void reference_conv_transpose2d_fwd(const conv_desc *d, const double *x, const double *weight, const double *bias,
                                    reference_output y);
void reference_conv_transpose2d_bwd_data(const conv_desc *d, const double *dy, const double *weight, const double *mask,
                                         reference_output dx);
void reference_conv_transpose2d_bwd_weights(const conv_desc *d, const double *x, const double *dy,
                                            reference_output dweight, reference_output dbias);

/* A stage of conv_chain, of which stage - 1 has given `in`, NULL before the first, or of the chain's input x. The
 * magnitude has what rounding in `in` may cause, taken as independent errors. */
void reference_conv_chain_stage(op_id stage_op, const conv_desc *d, const double *x, const reference_output *in,
                                const double *weight, const double *extra, size_t in_count, size_t weight_count,
                                size_t out_count, reference_output out);

/* The most terms that one element sums, dbias apart: K of the error bound. */
double reference_conv_terms(op_id op, const conv_desc *d);

void reference_add(const add_desc *d, const double *a, const double *b, reference_output y);
void reference_bias(const bias_desc *d, const double *bias, const double *y_before, reference_output y);
void reference_activation_fwd(const activation_desc *d, const double *x, reference_output y);
/* `from` is y where reference_activation_from_y says so, and x elsewhere. */
void reference_activation_bwd(const activation_desc *d, const double *from, const double *dy, reference_output dx);
bool reference_activation_from_y(activation_id activation);
void reference_dropout(const dropout_desc *d, uint64_t seed, uint64_t number, uint64_t place, const double *x,
                       reference_output y);
void reference_prelu_fwd(const prelu_desc *d, const double *x, const double *slope, reference_output y);
void reference_prelu_bwd(const prelu_desc *d, const double *x, const double *dy, const double *slope,
                         reference_output dx, reference_output dslope);
void reference_pool_fwd(const pool_desc *d, const double *x, reference_output y);
/* x is read where the pool picks a pixel. */
void reference_pool_bwd(const pool_desc *d, const double *x, const double *dy, reference_output dx);
void reference_upsample_fwd(const upsample_desc *d, const double *x, reference_output y);
void reference_upsample_bwd(const upsample_desc *d, const double *dy, reference_output dx);
void reference_pixel_shuffle_fwd(const pixel_shuffle_desc *d, const double *x, double *y);
void reference_pixel_shuffle_bwd(const pixel_shuffle_desc *d, const double *dy, double *dx);
void reference_loss(const loss_desc *d, const double *y, const double *target, reference_output loss,
                    reference_output dy);
void reference_ssim(const ssim_desc *d, const double *y, const double *target, reference_output images,
                    reference_output loss, reference_output dy);
void reference_mix(const mix_desc *d, double keep, double more, const double *x, const double *y_before,
                   reference_output y);
void reference_clip_norm(const clip_norm_desc *d, const double *before, reference_output gradients,
                         reference_output factor);
/* parameters and the optimiser's states are updated in place. */
void reference_update(const update_desc *d, const double *rates, const double *gradients, reference_output parameters,
                      reference_output state[2]);
void reference_load_batch(const load_batch_desc *d, const double *elements, const uint32_t *indices, size_t first,
                          reference_output x);
/* The first image of the batch is number `image` of the training. */
void reference_augment(const augment_desc *d, uint64_t seed, uint64_t image, const double *x, reference_output y);
void reference_noise(const noise_desc *d, uint64_t seed, uint64_t image, const double *x, reference_output y);
void reference_reduce_sum(const reduce_sum_desc *d, const double *x, reference_output y);
/* c is what was there before, and NULL when beta is 0. */
void reference_gemm(const gemm_desc *d, const double *a, const double *b, const double *c_before, reference_output c);
/* `of_batch`: of batch_norm, otherwise of group_norm. variance may be NULL. */
void reference_norm_fwd(const norm_desc *d, bool of_batch, const double *x, const double *weight, const double *bias,
                        reference_output y, reference_output mean, reference_output inv_std, double *variance);
void reference_batch_norm_train_fwd(const norm_desc *d, const double *x, const double *weight, const double *bias,
                                    const double *running_mean, const double *running_var, reference_output y,
                                    reference_output mean, reference_output inv_std, reference_output new_mean,
                                    reference_output new_var);
void reference_batch_norm_eval_fwd(const norm_desc *d, const double *x, const double *weight, const double *bias,
                                   const double *running_mean, const double *running_var, reference_output y);
void reference_norm_bwd(const norm_desc *d, bool of_batch, const double *dy, const double *x, const double *weight,
                        const double *mean, const double *inv_std, reference_output dx, reference_output dweight,
                        reference_output dbias);

#endif
