/* The geometry of convolutions. */
#ifndef CLAE_OPS_CONV_H
#define CLAE_OPS_CONV_H

#include "ops/op.h"

/* Each of the six conv ops is one of three kernels over the geometry, with weights [kh][kw][wide_c][narrow_c], called
 * W: gather  narrow[i][o] = sum_{k,c} wide[i * stride + k - pad][c] W[k][c][o]: conv2d_fwd, conv_transpose2d_bwd_data
 *   spread  wide[j][c] = sum over (i, k) that meet j, and over o, of narrow[i][o] W[k][c][o]:
 *                                                       conv2d_bwd_data, conv_transpose2d_fwd
 *   wgrad   dW[k][c][o] = sum_{n,i} wide[i * stride + k - pad][c] narrow[i][o]: both bwd_weights (the weights' gradient)
 * conv2d's weights are W; those of conv_transpose2d are W with its last two axes swapped. */
typedef enum conv_kernel { CONV_GATHER, CONV_SPREAD, CONV_WGRAD } conv_kernel;

conv_kernel conv_kernel_of(op_id op);
bool conv_is_forward(op_id op);
/* Whether it has no activation in it, or relu: what kernels of convolutions can do. */
bool conv_has_relu_at_most(const op_desc *desc);
bool conv_has_relu(const op_desc *desc);

/* Gather and spread as in -> out, whichever of wide and narrow that is. */
typedef struct conv_sides {
    bool spread;
    int in_h, in_w, in_c, out_h, out_w, out_c;
} conv_sides;
conv_sides conv_sides_of(const op_desc *desc);

bool conv_is_linear(const conv_geometry *g);
/* Positions meet only themselves, as those of a linear layer. */
bool conv_is_pointwise(const conv_geometry *g);
/* A linear layer, whose weights are too many to be copied into the order of kernels for few positions. */
bool conv_is_large_linear(const conv_geometry *g);
/* Whether wgrad has sums that are more than the caches hold, and few positions of narrow that share them. */
bool conv_has_few_terms(const conv_geometry *g);

/* Of dy of wgrad: the pixels of all images, and its channels. */
size_t conv_dy_pixels(const op_desc *desc);
int conv_dy_channels(const op_desc *desc);

/* The taps k with i * stride + k - pad in 0 .. wide-1 are first .. end-1. */
typedef struct conv_range {
    int first, end;
} conv_range;
conv_range conv_taps_inside(int i, int wide, int kernel, int stride, int pad);

/* The narrow positions i with 0 <= i * stride + tap - pad < wide. */
conv_range conv_positions_inside(int tap, int narrow, int wide, int stride, int pad);

/* (position, tap) pairs of one axis of which both ends exist. */
size_t conv_axis_pairs(int narrow, int wide, int kernel, int stride, int pad);

#endif
