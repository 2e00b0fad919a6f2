/* The functions and tables that each instruction set has under a name of its own. */
#ifndef CLAE_PLAIN_KERNELS_ISA_H
#define CLAE_PLAIN_KERNELS_ISA_H

#include "plain/kernels/kernels.h"

#define PLAIN_JOIN_(a, b) a##_##b
#define PLAIN_JOIN(a, b) PLAIN_JOIN_(a, b)
#define PLAIN_NAME(stem) PLAIN_JOIN(stem, PLAIN_ISA)

/* Before a loop whose iterations are independent of each other, though its arrays may be the same one. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

void PLAIN_NAME(plain_tile)(const tile *t, int vectors, int positions);
void PLAIN_NAME(plain_tile_dot)(const tile *t, int vectors, int positions);
void PLAIN_NAME(plain_correlate)(const correlation *c, const correlation_args *args, int first, int end);
void PLAIN_NAME(plain_col2im)(const col2im *c, const col2im_args *args, int image, float *scratch);
void PLAIN_NAME(plain_wgrad)(const wgrad *f, const wgrad_args *args, int split, int group);
void PLAIN_NAME(plain_winograd_weights)(const winograd *w, const float *weight, float *transformed, int in);
void PLAIN_NAME(plain_winograd_in)(const winograd *w, const winograd_args *args, int index, float *in);
void PLAIN_NAME(plain_winograd_panel)(const winograd *w, const winograd_args *args, const winograd_panel *panel,
                                      float *scratch);
size_t PLAIN_NAME(plain_winograd_panel_floats)(const winograd *w, int tiles);
void PLAIN_NAME(plain_winograd)(const winograd *w, const winograd_args *args, int group, float *scratch);
void PLAIN_NAME(plain_winograd_wgrad_in)(const winograd_wgrad *f, const winograd_wgrad_args *args, int index,
                                         float *wide, float *narrow);
void PLAIN_NAME(plain_winograd_wgrad_support)(const winograd_wgrad *f, const winograd_wgrad_args *args, int part,
                                              int parts, uint32_t *bits);
void PLAIN_NAME(plain_winograd_wgrad)(const winograd_wgrad *f, const winograd_wgrad_args *args, int group,
                                      bool is_first, float *sums, float *scratch);
void PLAIN_NAME(plain_winograd_wgrad_multiply)(const winograd_wgrad *f, const winograd_block *block, int tiles,
                                               bool is_first, const float *wide, const float *narrow, float *sums);
void PLAIN_NAME(plain_winograd_wgrad_finish)(const winograd_wgrad *f, const winograd_wgrad_args *args,
                                             const winograd_block *block, const float *sums);
void PLAIN_NAME(plain_copy_rows)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor,
                                 float *to, size_t to_stride);
void PLAIN_NAME(plain_transpose)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor,
                                 float *to, size_t to_stride);
void PLAIN_NAME(plain_column_sums)(const float *x, size_t rows, size_t columns, float *sums);
void PLAIN_NAME(plain_norm_moments)(const float *x, size_t rows, size_t columns, const float *shift, float *mean,
                                    float *squares);
void PLAIN_NAME(plain_norm_sums)(const float *dy, const float *x, size_t rows, size_t columns, const float *mean,
                                 float *sums, float *products);
void PLAIN_NAME(plain_norm_apply)(const float *x, float *y, size_t count, size_t columns, const norm_planes *p,
                                  bool relu);
void PLAIN_NAME(plain_norm_apply_bwd)(const float *dy, const float *x, float *dx, size_t count, size_t columns,
                                      const norm_planes *p);
void PLAIN_NAME(plain_add)(const float *a, const float *b, float *y, size_t count);
void PLAIN_NAME(plain_add_relu)(const float *a, const float *b, float *y, size_t count);
void PLAIN_NAME(plain_mix)(const float *x, float *y, size_t count, float keep, float more);
void PLAIN_NAME(plain_scale)(float *y, size_t count, float factor);
double PLAIN_NAME(plain_sum_squares)(const float *x, size_t count);
void PLAIN_NAME(plain_bias)(const float *bias, float *y, size_t rows, size_t channels);
void PLAIN_NAME(plain_activation_fwd)(const activation_desc *desc, const float *x, float *y, size_t count);
void PLAIN_NAME(plain_activation_bwd)(const activation_desc *desc, const float *from, const float *dy, float *dx,
                                      size_t count);
void PLAIN_NAME(plain_dropout)(const dropout_desc *desc, const op_step *step, size_t first, const float *x, float *y,
                               size_t count);
void PLAIN_NAME(plain_noise)(const noise_desc *desc, uint64_t seed, uint64_t image, const float *x, float *y);
void PLAIN_NAME(plain_prelu_fwd)(const float *x, const float *slope, bool one_slope, float *y, size_t rows,
                                 size_t channels);
void PLAIN_NAME(plain_prelu_bwd)(const float *x, const float *dy, const float *slope, float *dx, float *sums,
                                 size_t rows, size_t channels);
void PLAIN_NAME(plain_prelu_bwd_one)(const float *x, const float *dy, float slope, float *dx, float *sums,
                                     size_t count);
void PLAIN_NAME(plain_resample)(const resample *r, const float *in, float *out, float *row, int first, int end);
void PLAIN_NAME(plain_pool_pick)(const conv_geometry *g, const float *x, const float *dy, float *dx, int first,
                                 int end);
void PLAIN_NAME(plain_pixel_shuffle)(const pixel_shuffle_desc *d, const float *in, float *out);
void PLAIN_NAME(plain_pixel_unshuffle)(const pixel_shuffle_desc *d, const float *in, float *out);
double PLAIN_NAME(plain_ssim_windows)(const plain_ssim_windows *s, const float *y, const float *t,
                                      const plain_ssim_maps *maps);
void PLAIN_NAME(plain_ssim_gradient)(const plain_ssim_windows *s, int h, const float *y, const float *t,
                                     const plain_ssim_maps *maps, float *dy);
double PLAIN_NAME(plain_loss)(loss_id loss, const float *y, const float *target, float *dy, float scale, size_t count);
void PLAIN_NAME(plain_update)(optimiser_id optimiser, float *p, const float *g, float *const state[], size_t count,
                              const float *rates);
void PLAIN_NAME(plain_load_bytes)(const load_batch_desc *d, const uint8_t *elements, float *x, size_t count);
void PLAIN_NAME(plain_load_floats)(const load_batch_desc *d, const float *elements, float *x, size_t count);
double PLAIN_NAME(plain_peak)(size_t rounds, float a, float b, float *result);

#endif
