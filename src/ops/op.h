/* Ops: what they compute, their shapes and costs; not how it is done.
 *
 * Layouts: images [n][h][w][c]; weights of conv2d and conv_transpose2d [kh][kw][in][out]; matrices row by row. All
 * elements are float, except the bytes that load_batch may read and its uint32 indices. */
#ifndef CLAE_OPS_OP_H
#define CLAE_OPS_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum op_id {
#define OP(stem) OP_##stem,
#include "ops/ops.def"
#undef OP
    OP_COUNT
} op_id;

/* A convolution and its transpose share this geometry: tap k joins narrow[i] to wide[i * stride + k - pad] for every k
 * and i for which both exist.
 *   conv2d:            x is wide, y is narrow:  in = wide_c, out = narrow_c
 *   conv_transpose2d:  x is narrow, y is wide:  in = narrow_c, out = wide_c */
typedef struct conv_geometry {
    int n;
    int wide_h, wide_w, wide_c;
    int narrow_h, narrow_w, narrow_c;
    int kh, kw, sh, sw, ph, pw;
} conv_geometry;

/* The rows of activations.def, after none. */
typedef enum activation_id {
    ACTIVATION_NONE,
#define ACTIVATION(stem, title, parameter, from, forward, backward) ACTIVATION_##stem,
#include "ops/activations.def"
#undef ACTIVATION
    ACTIVATION_COUNT
} activation_id;

/* With x[n][h][w][in], y[n][oh][ow][out], weight[kh][kw][in][out], for conv2d
 *   fwd:          y[i][o] = sum_{k,c} x[i * stride + k - pad][c] weight[k][c][o]  (+ bias[o])  (then the activation)
 *   bwd_data:     dx[j][c] = sum over (i, k) with i * stride + k - pad = j, and over o, of dy[i][o] weight[k][c][o]
 *                 (then backward through the activation that made mask, of the shape of dx: relu: 0 where mask <= 0)
 *   bwd_weights:  dweight[k][c][o] = sum_{n,i} x[i * stride + k - pad][c] dy[i][o];  (dbias[o] = sum_{n,i} dy[i][o])
 * and for conv_transpose2d
 *   fwd:          y[j][o] = sum over (i, k) with i * stride + k - pad = j, and over c, of x[i][c] weight[k][c][o], ...
 *   bwd_data:     dx[i][c] = sum_{k,o} dy[i * stride + k - pad][o] weight[k][c][o], ...
 *   bwd_weights:  dweight[k][c][o] = sum_{n,i} x[i][c] dy[i * stride + k - pad][o];  (dbias[o] = sum_{n,j} dy[j][o])
 * where out of range elements count as 0. What stands in parentheses is done when asked for. */
typedef struct conv_desc {
    conv_geometry g;
    bool with_bias; /* fwd: add bias; bwd_weights: also give dbias */
    activation_id activation; /* fwd: after the bias; bwd_data: by the mask. Implementations say which ones they have */
} conv_desc;

/* Up to so many convolutions in a row, each of which takes what the one before gives: forward, or their bwd_data from
 * the last to the first. All results are outputs. */
#define CONV_CHAIN_STAGES 4
typedef struct conv_chain_stage_desc {
    bool transposed; /* conv_transpose2d */
    conv_desc conv;
} conv_chain_stage_desc;
typedef struct conv_chain_desc {
    int count; /* of stages */
    conv_chain_stage_desc stage[CONV_CHAIN_STAGES];
} conv_chain_desc;

/* y = a + b (then the activation); y may be a or b. */
typedef struct add_desc {
    size_t count;
    activation_id activation; /* implementations say which ones they have */
} add_desc;

/* y[r][c] += bias[c], in place. */
typedef struct bias_desc {
    size_t rows, channels;
} bias_desc;

/* A row of activations.def, with its parameter a. activation_fwd: y from x, and y may be x. activation_bwd: dx from dy,
 * and from x or y, whichever the row says; dx may be dy. */
typedef struct activation_desc {
    activation_id activation; /* not ACTIVATION_NONE */
    size_t count;
    float parameter;
} activation_desc;

/* The rows of pools.def. */
typedef enum pool_id {
#define POOL(stem, start, joined, scale, picks) POOL_##stem,
#include "ops/pools.def"
#undef POOL
    POOL_COUNT
} pool_id;

/* pool2d_fwd: y[i][c] = the pool of x[i * stride + k - pad][c] over the taps k that are inside of x; pool2d_bwd: its
 * gradient, all of dx; a pool that picks one pixel needs x for that, others are run without. x is wide, y is narrow;
 * wide_c = narrow_c, and padding is at most half of the kernel. */
typedef struct pool_desc {
    pool_id pool;
    conv_geometry g;
} pool_desc;

/* upsample2d_fwd: y from x, of which axes of in_h and in_w pixels become out_h and out_w, as PyTorch's `nearest` and, with
 * align_corners=False, `bilinear` (ops/upsample.def); any sizes with in * out below 2^28. upsample2d_bwd: its gradient, all
 * of dx. */
typedef struct upsample_desc {
    bool bilinear; /* else nearest */
    int n, in_h, in_w, channels;
    int out_h, out_w;
} upsample_desc;

/* pixel_shuffle_fwd: y[n][h * r + dy][w * r + dx][c] = x[n][h][w][c * r * r + dy * r + dx], with r the factor;
 * pixel_shuffle_bwd: the inverse, from dy to dx. */
typedef struct pixel_shuffle_desc {
    int n, h, w;  /* of x */
    int channels; /* of y */
    int factor;
} pixel_shuffle_desc;

/* The rows of losses.def and optimisers.def. */
typedef enum loss_id {
#define LOSS(stem, sum, factor, gradient) LOSS_##stem,
#include "ops/losses.def"
#undef LOSS
    LOSS_COUNT,             /* of the op `loss` */
    LOSS_ssim = LOSS_COUNT, /* an op of its own */
    LOSS_END
} loss_id;

typedef enum optimiser_id {
#define OPTIMISER(stem, state0, state1, flops, rates, step) OPTIMISER_##stem,
#include "ops/optimisers.def"
#undef OPTIMISER
    OPTIMISER_COUNT
} optimiser_id;

/* losses[slot] = scale * factor * sum over all elements, in a fixed order; dy = scale * gradient (losses.def). */
typedef struct loss_desc {
    loss_id loss;
    size_t count;
    float scale; /* 1 / batch */
    bool with_gradient;
} loss_desc;

/* What images of values from 0 to 1 lack of structural similarity (Wang, Bovik, Sheikh and Simoncelli, "Image quality
 * assessment: from error visibility to structural similarity", 2004). In each channel, windows of 11 x 11 pixels, or of as
 * many as the image has, at all places inside it, weighted by a Gaussian of deviation 1.5, have the means my and mt, the
 * variances vy and vt and the covariance c of y and the target:
 *   S = (2 my mt + C1) (2 c + C2) / ((my^2 + mt^2 + C1) (vy + vt + C2)),   C1 = 0.01^2, C2 = 0.03^2
 * images[i] = 1 - the mean of S in image i; and in training losses[slot] = scale * sum of images, in a fixed order, and dy
 * = scale * its gradient. */
typedef struct ssim_desc {
    int n, h, w, channels;
    float scale; /* 1 / n */
    bool training;
} ssim_desc;

/* A step of an optimiser (optimisers.def) for each parameter, with op_step.rates. */
typedef struct update_desc {
    optimiser_id optimiser;
    size_t count;
} update_desc;

/* The factor by which gradients are made no longer than `limit`, 1 where they are not: limit over the root of the sum of
 * their squares, in a fixed order; and the gradients times that. */
typedef struct clip_norm_desc {
    size_t count;
    float limit;
} clip_norm_desc;

/* y = op_step.keep * y + op_step.more * x. */
typedef struct mix_desc {
    size_t count;
} mix_desc;

/* x[i][e] = elements[indices[first + i]][e] * scale[c] + shift[c], for n images, of which element e is of channel c = e
 * mod channels. */
#define LOAD_BATCH_MAX_CHANNELS 64
typedef struct load_batch_desc {
    size_t n, image_elements;
    size_t channels; /* divides image_elements */
    bool from_float; /* elements are float, otherwise bytes */
    float scale[LOAD_BATCH_MAX_CHANNELS], shift[LOAD_BATCH_MAX_CHANNELS];
} load_batch_desc;

/* Images as they are trained on, each turned, mirrored, shifted and made brighter or darker at random (ops/augment.h):
 *   y[i][j] = x[i rotated by a multiple of 90 degrees, mirrored, shifted by (dy, dx)][j], where pixels from outside are those
 * of the nearest edge; then, where brightness > 0, + b * unit[c], with b from -brightness to brightness, but at least least[c]
 * and at most most[c]. */
#define AUGMENT_MAX_CHANNELS 64
typedef struct augment_desc {
    int n, h, w, channels;
    bool flip_h, flip_v; /* left and right, top and bottom: half of the images */
    bool rotate;         /* h = w */
    int shift;           /* pixels, at most; on both axes */
    float brightness;    /* in units, which are what pixels of 0 and of 1 are apart in x */
    float unit[AUGMENT_MAX_CHANNELS], least[AUGMENT_MAX_CHANNELS], most[AUGMENT_MAX_CHANNELS];
} augment_desc;

/* y = x + deviation[c] times numbers of a normal distribution, for n images, of which element e is of channel c = e mod
 * channels (ops/noise.h). y may be x. */
typedef struct noise_desc {
    size_t n, image_elements;
    size_t channels; /* divides image_elements */
    float deviation[AUGMENT_MAX_CHANNELS];
} noise_desc;

/* y[c] = sum_r x[r][c], in a fixed order. */
typedef struct reduce_sum_desc {
    size_t rows, columns;
} reduce_sum_desc;

/* c[m][n] = alpha * sum_k A[m][k] B[k][n] + beta * c[m][n], with A stored [m][k] or, transposed, [k][m], B likewise
 * [k][n] or [n][k]; c is not read when beta is 0. */
typedef struct gemm_desc {
    size_t m, n, k;
    bool transpose_a, transpose_b;
    float alpha, beta;
} gemm_desc;

/* y = x where x is not negative, and slope x elsewhere, on rows of channels: a slope for each channel, or one for all.
 * prelu_fwd: y may be x. prelu_bwd: dx = dy, or slope dy where x <= 0, and dx may be dy; dslope = the sum of x dy where
 * x < 0, in a fixed order. */
typedef struct prelu_desc {
    size_t rows, channels;
    bool one_slope;
} prelu_desc;

/* y = x / (1 - p), or 0 with the probability p, from 0 to below 1: the elements of `stream` in the step, see ops/dropout.h.
 * Of dy it gives dx. y may be x. */
typedef struct dropout_desc {
    size_t count;
    float p;
    uint32_t stream;       /* another one for each layer */
    size_t image_elements; /* of those, as op_step.place counts images */
} dropout_desc;

/* Images of `pixels` each, as PyTorch's BatchNorm2d and GroupNorm with affine. M values share a mean: in batch_norm those
 * of a channel, over all images and pixels; in group_norm those of an image and a group of neighbouring channels (groups
 * = 1: layer norm over h, w and c; groups = channels: instance norm).
 *   mean = sum(x) / M; var = sum((x - mean)^2) / M; inv_std = 1 / sqrt(var + epsilon); xhat = (x - mean) inv_std
 *   fwd:        y = xhat weight[c] + bias[c] (then the activation); mean and inv_std are kept for bwd
 *   train_fwd:  also, in place, running_mean = (1 - momentum) running_mean + momentum mean, and
 *               running_var = (1 - momentum) running_var + momentum var M / (M - 1): M is at least 2
 *   eval_fwd:   as fwd, with mean and var those of running_mean and running_var
 *   bwd:        dbias[c] = sum(dy) and dweight[c] = sum(dy xhat), over images and pixels;
 *               dx = inv_std (dy weight[c] - sum(dy weight) / M - xhat sum(dy weight xhat) / M), over the M values
 * y may be x, and dx may be dy. Sums are taken in a fixed order. */
typedef struct norm_desc {
    size_t images, pixels, channels;
    size_t groups;            /* group_norm: a divisor of channels */
    double epsilon;           /* 1e-5 */
    double momentum;          /* batch_norm_train_fwd: 0.1 */
    activation_id activation; /* fwd; implementations say which ones they have */
} norm_desc;

typedef struct op_desc {
    op_id op;
    union {
        conv_desc conv;
        conv_chain_desc conv_chain;
        add_desc add;
        bias_desc bias;
        activation_desc activation;
        prelu_desc prelu;
        dropout_desc dropout;
        pool_desc pool;
        upsample_desc upsample;
        pixel_shuffle_desc pixel_shuffle;
        loss_desc loss;
        ssim_desc ssim;
        update_desc update;
        clip_norm_desc clip_norm;
        mix_desc mix;
        load_batch_desc load_batch;
        augment_desc augment;
        noise_desc noise;
        reduce_sum_desc reduce_sum;
        gemm_desc gemm;
        norm_desc norm;
    };
} op_desc;

/* The place of each operand in op_args.operand. */
enum { CONV_X, CONV_WEIGHT, CONV_BIAS, CONV_Y }; /* fwd */
enum { CONV_BWD_DATA_DY, CONV_BWD_DATA_WEIGHT, CONV_BWD_DATA_MASK, CONV_BWD_DATA_DX };
enum { CONV_BWD_WEIGHTS_X, CONV_BWD_WEIGHTS_DY, CONV_BWD_WEIGHTS_DWEIGHT, CONV_BWD_WEIGHTS_DBIAS };
enum { CONV_CHAIN_X }; /* and for each stage its weights, its bias or mask, and what it gives: ops/conv_chain.h */
enum { ADD_A, ADD_B, ADD_Y };
enum { BIAS_BIAS, BIAS_Y };
enum { ACTIVATION_FWD_X, ACTIVATION_FWD_Y };
enum { ACTIVATION_BWD_FROM, ACTIVATION_BWD_DY, ACTIVATION_BWD_DX };
enum { DROPOUT_X, DROPOUT_Y };
enum { PRELU_FWD_X, PRELU_FWD_SLOPE, PRELU_FWD_Y };
enum { PRELU_BWD_X, PRELU_BWD_DY, PRELU_BWD_SLOPE, PRELU_BWD_DX, PRELU_BWD_DSLOPE };
enum { POOL_FWD_X, POOL_FWD_Y };
enum { POOL_BWD_X, POOL_BWD_DY, POOL_BWD_DX };
enum { UPSAMPLE_FWD_X, UPSAMPLE_FWD_Y };
enum { UPSAMPLE_BWD_DY, UPSAMPLE_BWD_DX };
enum { PIXEL_SHUFFLE_FWD_X, PIXEL_SHUFFLE_FWD_Y };
enum { PIXEL_SHUFFLE_BWD_DY, PIXEL_SHUFFLE_BWD_DX };
enum { LOSS_Y, LOSS_TARGET, LOSS_LOSSES, LOSS_DY };
enum { SSIM_Y, SSIM_TARGET, SSIM_IMAGES, SSIM_LOSSES, SSIM_DY };
enum { UPDATE_PARAMETERS, UPDATE_GRADIENTS, UPDATE_STATE }; /* the states, one after the other */
enum { CLIP_NORM_GRADIENTS, CLIP_NORM_FACTOR };
enum { MIX_X, MIX_Y };
enum { LOAD_BATCH_ELEMENTS, LOAD_BATCH_INDICES, LOAD_BATCH_X };
enum { AUGMENT_X, AUGMENT_Y };
enum { NOISE_X, NOISE_Y };
enum { REDUCE_SUM_X, REDUCE_SUM_Y };
enum { GEMM_A, GEMM_B, GEMM_C };
enum { NORM_FWD_X, NORM_FWD_WEIGHT, NORM_FWD_BIAS, NORM_FWD_Y, NORM_FWD_MEAN, NORM_FWD_INV_STD };
enum { NORM_FWD_RUNNING_MEAN = NORM_FWD_INV_STD + 1, NORM_FWD_RUNNING_VAR }; /* batch_norm_train_fwd */
enum { NORM_EVAL_X, NORM_EVAL_WEIGHT, NORM_EVAL_BIAS, NORM_EVAL_RUNNING_MEAN, NORM_EVAL_RUNNING_VAR, NORM_EVAL_Y };
enum { NORM_BWD_DY, NORM_BWD_X, NORM_BWD_WEIGHT, NORM_BWD_MEAN, NORM_BWD_INV_STD }; /* read */
enum { NORM_BWD_DX = NORM_BWD_INV_STD + 1, NORM_BWD_DWEIGHT, NORM_BWD_DBIAS };      /* written */
#define OP_MAX_OPERANDS 13

#define OP_MAX_RATES 8

/* What changes from one run of an op to the next. */
typedef struct op_step {
    size_t first;              /* load_batch: the place of the batch in the indices */
    size_t slot;               /* loss, ssim: the place of the number in the losses */
    uint64_t seed, number;     /* dropout: of the training, and of the step, below 2^30; augment, noise: the seed */
    uint64_t image;            /* augment, noise: of the batch's first image among all that are trained on, below 2^62 */
    size_t place;              /* dropout: images of the step that come before these */
    float rates[OP_MAX_RATES]; /* update: r0, r1, ... of optimisers.def */
    float keep, more;          /* mix */
} op_step;

/* "conv2d_fwd"; and back, OP_COUNT when there is no such op. */
const char *op_name(op_id op);
op_id op_from_name(const char *name, size_t length);

bool op_is_conv(op_id op);       /* one of the six */
bool op_is_conv_chain(op_id op); /* one of the two */
bool op_is_transposed(op_id op); /* one of the three of conv_transpose2d */

/* Elements of an operand, 0 for one that the descriptor leaves out. Bytes of load_batch's elements: the dataset is of
 * any size, so 0 too; its indices likewise; `losses` is 1. */
size_t op_operand_count(const op_desc *desc, int operand);
bool op_operand_is_output(op_id op, int operand); /* of those some are inputs too */
bool op_operand_is_read(const op_desc *desc, int operand);

/* Floating-point operations, counting a multiply-add as two; only those with both operands in range. */
double op_flops(const op_desc *desc);
/* Bytes that must be read or written at least once. */
double op_bytes(const op_desc *desc);
/* The most terms that one element of an output sums; 1 for what is no sum. */
double op_terms(const op_desc *desc, int output);

/* What an op is called in files: its name and fields, "conv2d_fwd n=100 wide_h=24 ... activation=relu". Ops of one key
 * have the same fastest way of being done. */
#define OP_KEY_SIZE 1024
void op_key(const op_desc *desc, char key[OP_KEY_SIZE]);

/* A few words for tables and messages: "conv2d_fwd 100x24x24x32 -> 20x20x32 k5x5 s1x1 p0x0 +bias +relu". */
void op_describe(const op_desc *desc, char *text, size_t size);

#endif
