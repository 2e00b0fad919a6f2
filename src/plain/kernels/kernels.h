/* The kernels that are compiled once for each instruction set, and the table through which they are called. */
#ifndef CLAE_PLAIN_KERNELS_KERNELS_H
#define CLAE_PLAIN_KERNELS_KERNELS_H

#include "ops/op.h"
#include "plain/conv_col2im.h"
#include "plain/conv_direct.h"
#include "plain/conv_direct_wgrad.h"
#include "plain/conv_winograd.h"
#include "plain/resample.h"
#include "plain/ssim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLAIN_PRELU_SUMS 16
#define TILE_MAX_VECTORS 4
#define TILE_MAX_POSITIONS 16
#define LINE_FLOATS 16 /* in a line of the cache */

/* out[p][o] = sum_{r,l} in[p][r][l] weight[r][l][o] for the positions p and channels o of one register tile. Positions,
 * rows and taps are `stride` elements apart; `in` and `weight` point at the first product. */
typedef struct tile {
    const float *in, *weight;
    ptrdiff_t in_stride, in_row_stride, weight_row_stride;
    int rows, length;
    int tap_length; /* input channels */
    float *out;
    const float *mask; /* as `out`: the result is 0 where mask <= 0; or NULL */
    ptrdiff_t out_stride;
    const float *initial; /* what to start from, whole vectors of channels; NULL: what `out` holds */
    int channels;         /* of out, mask and initial; weight has whole vectors of them */
    bool relu;
    bool is_shared; /* other threads read the results */
} tile;

/* Sizes of the register tiles of `vectors` x `positions`; a correlation with few output channels takes its vectors over
 * input channels instead, and one channel in a tile. */
typedef struct tile_limits {
    int width; /* floats in a vector */
    int max_vectors;
    int max_positions[TILE_MAX_VECTORS + 1];
    int max_dot_positions;
} tile_limits;

/* The fewest tiles of at most `max` positions, as even as can be: takes the next one's size off `left`. */
static inline int tile_next(int left, int max) {
    int tiles = (left + max - 1) / max;
    return (left + tiles - 1) / tiles;
}

/* For each column: y = (x - mean) scale + rest, or dx = dy scale + (x - mean) slope + rest. */
typedef struct norm_planes {
    float *mean, *scale, *slope, *rest;
} norm_planes;

typedef struct plain_kernels {
    const char *name; /* "avx2" */
    tile_limits limits;

    void (*tile)(const tile *t, int vectors, int positions);
    /* Images first .. end-1. */
    void (*correlate)(const correlation *c, const correlation_args *args, int first, int end);
    /* An image. */
    void (*col2im)(const col2im *c, const col2im_args *args, int image, float *scratch);
    /* The partial sum of a group of kernel rows over a part of the batch. */
    void (*wgrad)(const wgrad *f, const wgrad_args *args, int split, int group);
    /* Winograd's: the weights of WINOGRAD_WEIGHT_CHANNELS input channels from `in` on; the transformed inputs of a
     * group of tiles; a group from beginning to end; the same of a panel from its transformed inputs on, and the floats
     * it takes of scratch. */
    void (*winograd_weights)(const winograd *w, const float *weight, float *transformed, int in);
    void (*winograd_in)(const winograd *w, const winograd_args *args, int group, float *in);
    void (*winograd)(const winograd *w, const winograd_args *args, int group, float *scratch);
    void (*winograd_panel)(const winograd *w, const winograd_args *args, const winograd_panel *panel, float *scratch);
    size_t (*winograd_panel_floats)(const winograd *w, int tiles);
    /* Of wgrad: the transformed tiles of a group; those of a block of channels multiplied, and added to `sums`; both
     * for a group, which begins sums if it is the first; the support of a share of the rows; weights of the sums of all
     * splits. */
    void (*winograd_wgrad_in)(const winograd_wgrad *f, const winograd_wgrad_args *args, int group, float *wide,
                              float *narrow);
    void (*winograd_wgrad_multiply)(const winograd_wgrad *f, const winograd_block *block, int tiles, bool is_first,
                                    const float *wide, const float *narrow, float *sums);
    void (*winograd_wgrad)(const winograd_wgrad *f, const winograd_wgrad_args *args, int group, bool is_first,
                           float *sums, float *scratch);
    void (*winograd_wgrad_support)(const winograd_wgrad *f, const winograd_wgrad_args *args, int part, int parts,
                                   uint32_t *bits);
    void (*winograd_wgrad_finish)(const winograd_wgrad *f, const winograd_wgrad_args *args,
                                  const winograd_block *block, const float *sums);
    /* to[i][j] = factor from[i][j], and to[j][i]: row i of `from` begins at places[i]. */
    void (*copy_rows)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor, float *to,
                      size_t to_stride);
    void (*transpose)(const float *from, const ptrdiff_t *places, size_t rows, size_t columns, float factor, float *to,
                      size_t to_stride);
    /* sums[c] += sum of x[r][c]. */
    void (*column_sums)(const float *x, size_t rows, size_t columns, float *sums);

    /* Of each column of whole vectors: mean of x - shift, and squares of deviations from it. */
    void (*norm_moments)(const float *x, size_t rows, size_t columns, const float *shift, float *mean, float *squares);
    /* Sums of dy and dy (x - mean). */
    void (*norm_sums)(const float *dy, const float *x, size_t rows, size_t columns, const float *mean, float *sums,
                      float *products);
    /* Of `count` elements, the first of which is in the first column; relu: then that. */
    void (*norm_apply)(const float *x, float *y, size_t count, size_t columns, const norm_planes *planes, bool relu);
    void (*norm_apply_bwd)(const float *dy, const float *x, float *dx, size_t count, size_t columns,
                           const norm_planes *planes);

    void (*add)(const float *a, const float *b, float *y, size_t count);
    void (*add_relu)(const float *a, const float *b, float *y, size_t count);
    void (*mix)(const float *x, float *y, size_t count, float keep, float more);
    void (*scale)(float *y, size_t count, float factor);
    double (*sum_squares)(const float *x, size_t count);
    void (*bias)(const float *bias, float *y, size_t rows, size_t channels);
    void (*activation_fwd)(const activation_desc *desc, const float *x, float *y, size_t count); /* y may be x */
    void (*activation_bwd)(const activation_desc *desc, const float *from, const float *dy, float *dx,
                           size_t count); /* dx may be dy */
    /* Elements from `first` on, a multiple of 4, of the tensor; y may be x. */
    void (*dropout)(const dropout_desc *desc, const op_step *step, size_t first, const float *x, float *y, size_t count);
    /* The elements of one image, number `image` of the training; y may be x. */
    void (*noise)(const noise_desc *desc, uint64_t seed, uint64_t image, const float *x, float *y);
    void (*prelu_fwd)(const float *x, const float *slope, bool one_slope, float *y, size_t rows, size_t channels);
    /* sums[c] = sum of x dy where x < 0; with one slope they are partial sums, PLAIN_PRELU_SUMS in number. */
    void (*prelu_bwd)(const float *x, const float *dy, const float *slope, float *dx, float *sums, size_t rows,
                      size_t channels);
    void (*prelu_bwd_one)(const float *x, const float *dy, float slope, float *dx, float *sums, size_t count);
    /* Rows first .. end-1 of all images' results; `row` has room for one of `in`. */
    void (*resample)(const resample *r, const float *in, float *out, float *row, int first, int end);
    /* Rows first .. end-1 of dx, of one image. */
    void (*pool_pick)(const conv_geometry *g, const float *x, const float *dy, float *dx, int first, int end);
    /* A row of small pixels to `factor` rows of large ones, which begin at `out`; and back. */
    void (*pixel_shuffle)(const pixel_shuffle_desc *d, const float *in, float *out);
    void (*pixel_unshuffle)(const pixel_shuffle_desc *d, const float *in, float *out);
    /* Of an image: its maps, and the sum of 1 - S over its windows; then dy, of all its h rows, from the maps. */
    double (*ssim_windows)(const plain_ssim_windows *s, const float *y, const float *t, const plain_ssim_maps *maps);
    void (*ssim_gradient)(const plain_ssim_windows *s, int h, const float *y, const float *t,
                          const plain_ssim_maps *maps, float *dy);
    double (*loss)(loss_id loss, const float *y, const float *target, float *dy, float scale, size_t count); /* the sum */
    void (*update)(optimiser_id optimiser, float *p, const float *g, float *const state[], size_t count,
                   const float *rates);
    /* Of an image, or of some that lie together. */
    void (*load_bytes)(const load_batch_desc *d, const uint8_t *elements, float *x, size_t count);
    void (*load_floats)(const load_batch_desc *d, const float *elements, float *x, size_t count);
    /* 12 chains of multiply-adds, `rounds` long; gives the floating-point operations done. */
    double (*peak)(size_t rounds, float a, float b, float *result);
} plain_kernels;

extern const plain_kernels plain_kernels_baseline;
extern const plain_kernels plain_kernels_avx2;
extern const plain_kernels plain_kernels_avx512;

#endif
