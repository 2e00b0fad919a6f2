/* Winograd's convolutions with stride 1 and square kernels of r x r: tiles of m x m results are made from t x t inputs,
 * t = m + r - 1, by t x t products instead of m x m x r x r (tools/winograd-transforms). For each element of the t x t
 * the products over channels are one matrix product over the tiles.
 *
 * Gather and spread: results are output positions; weights are transformed once, inputs tile by tile.
 * Filter: results are the r x r weights, and tiles of m x m narrow positions take the place of the weights; products
 * are summed up over all tiles before they are transformed back. */
#ifndef CLAE_PLAIN_WINOGRAD_H
#define CLAE_PLAIN_WINOGRAD_H

#include "ops/conv.h"

#include <stdbool.h>
#include <stddef.h>

/* Tiles that are transformed together: `rows` rows of tiles of one image, or all those of `images` images. */
typedef struct winograd_grid {
    int n;
    int tiles_y, tiles_x; /* of an image */
    int images, rows;     /* of a group */
    int groups_y, groups;
    int most_tiles; /* in a group */
} winograd_grid;

typedef struct winograd_group {
    int image_first, image_end;
    int row_first, row_end; /* of tiles */
    int tiles;
} winograd_group;

static inline winograd_group winograd_get_group(const winograd_grid *grid, int index) {
    const int image = index / grid->groups_y * grid->images, row = index % grid->groups_y * grid->rows;
    winograd_group group = {image, image + grid->images, row, row + grid->rows, 0};
    if (group.image_end > grid->n) group.image_end = grid->n;
    if (group.row_end > grid->tiles_y) group.row_end = grid->tiles_y;
    group.tiles = (group.image_end - group.image_first) * (group.row_end - group.row_first) * grid->tiles_x;
    return group;
}

/* Images of which tiles are taken: tile (y, x) begins at (y * step + base_y, x * step + base_x); what is outside counts
 * as 0. */
typedef struct winograd_image {
    int h, w, c;
    int step, base_y, base_x;
} winograd_image;

typedef struct winograd {
    int size;   /* t */
    int kernel; /* r */
    winograd_grid grid;
    winograd_image in, out;
    bool weight_is_out_in; /* [k][out][in] rather than [k][in][out] */
    bool flip;             /* the last tap of an axis meets the first input */
    bool relu;
    ptrdiff_t in_stride, out_stride; /* between the elements of t x t of transformed tiles, [tile][channel] each */
} winograd;

typedef struct winograd_args {
    const float *in;
    float *out;
    const float *mask;    /* NULL: none */
    const float *bias;    /* NULL: none */
    const float *weights; /* transformed: [t x t][block of vectors][in_c][channels of the block] */
} winograd_args;

typedef struct winograd_filter {
    int size, kernel; /* t, r */
    winograd_grid grid;
    winograd_image wide, narrow;
    bool transposed;                      /* dweight is [k][narrow_c][wide_c] */
    int splits;                           /* of the groups */
    ptrdiff_t wide_stride, narrow_stride; /* as in_stride */
    size_t sum_floats;                    /* [t x t][wide_c][narrow_c] */
} winograd_filter;

typedef struct winograd_filter_args {
    const float *wide, *narrow;
    float *sums; /* [splits] */
    float *dweight;
} winograd_filter_args;

#endif
