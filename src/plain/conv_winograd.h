/* Winograd's convolutions (ops/winograd.h).
 *
 * Gather and spread: results are output positions; weights are transformed once, inputs tile by tile.
 * Wgrad: results are the r x r weights, and tiles of m x m narrow positions take the place of the weights; products
 * are summed up over all tiles before they are transformed back. */
#ifndef CLAE_PLAIN_CONV_WINOGRAD_H
#define CLAE_PLAIN_CONV_WINOGRAD_H

#include "ops/winograd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tile_limits;

/* A phase on an axis: `count` positions, every stride-th of the image from `first` on. Tile q begins at the phase's
 * position q * step + base. It has the kernel's taps tap + stride * i, i < taps. */
typedef struct winograd_axis {
    int first, count, base;
    int tap, taps;
} winograd_axis;

/* Images of which tiles are taken; what is outside counts as 0. */
typedef struct winograd_image {
    int h, w, c;
    int step, stride; /* of tiles; of a phase's positions */
    int phases;       /* of an axis */
    int stored;       /* channels of a phase in transformed tiles: c, or whole vectors (winograd_store_vectors) */
    int channels;     /* stored ones of all phases */
    int block;        /* channels that are together in transformed tiles: [block][t x t][tile][channel] */
    winograd_axis y[WINOGRAD_MAX_STRIDE], x[WINOGRAD_MAX_STRIDE];
} winograd_image;

/* A phase of an image, its number and what it is on both axes. */
typedef struct winograd_view {
    int number;
    const winograd_axis *y, *x;
} winograd_view;

/* The first channel of a vector: the last one shares channels with the one before where they are no whole vectors. */
static inline int winograd_vector_channel(int channels, int lanes, int index) {
    const int last = channels - lanes;
    return index * lanes < last ? index * lanes : last;
}

static inline int winograd_phases(const winograd_image *image) {
    return image->phases * image->phases;
}

static inline winograd_view winograd_get_view(const winograd_image *image, int number) {
    return (winograd_view){number, &image->y[number / image->phases], &image->x[number % image->phases]};
}

/* The place of a phase's position in images of [h][w][c]. */
static inline ptrdiff_t winograd_place(const winograd_image *image, const winograd_view *view, int i, int y, int x) {
    const ptrdiff_t row = (ptrdiff_t)i * image->h + view->y->first + (ptrdiff_t)y * image->stride;
    return (row * image->w + view->x->first + (ptrdiff_t)x * image->stride) * image->c;
}

/* Of gather and wgrad tiles of wide have t x t positions and those of narrow m x m; of spread the reverse. */
winograd_image winograd_wide(const op_desc *desc);
winograd_image winograd_narrow(const op_desc *desc);

typedef struct winograd {
    int size, taps, stride; /* t, r */
    int kernel_w;
    winograd_grid grid;
    winograd_image in, out;
    bool weight_is_out_in; /* [k][out][in] rather than [k][in][out] */
    bool spread; /* each phase of out is made from a phase of in; the last tap of an axis meets the first input */
    bool relu;
    int block; /* channels of out whose transformed weights are together */
    ptrdiff_t in_stride, out_stride; /* between the elements of t x t of transformed tiles and of sums */
} winograd;

typedef struct winograd_args {
    const float *in;
    float *out;
    const float *mask;    /* NULL: none */
    const float *bias;    /* NULL: none */
    const float *weights; /* transformed: [t x t][block of out][in of all phases][channels of the block], and of spread
                           * [t x t][phase][block][in][channels of the block] */
} winograd_args;

typedef struct winograd_wgrad {
    int size; /* t */
    int kernel_w;
    winograd_grid grid;
    winograd_image wide, narrow;
    bool transposed;                      /* dweight is [k][narrow_c][wide_c] */
    int splits;                           /* of the groups */
    int support_splits;
    ptrdiff_t wide_stride, narrow_stride; /* as in_stride */
    size_t sum_floats;                    /* [t x t][channels of wide][channels of narrow] */
    int words;                            /* of a row of the support of narrow (winograd_support_words) */
    size_t phase_words;                   /* of the support of a phase of wide */
    size_t slice_floats;                  /* from the sums of a split to those of the next */
    size_t support_stride;                /* the same of the support, in words */
} winograd_wgrad;

/* Some channels of all phases of wide and some of narrow, and how their sums lie: rows of channels of narrow. */
typedef struct winograd_block {
    int wide_first, wide_count, narrow_first, narrow_count;
    ptrdiff_t element_stride, row_stride;
} winograd_block;

static inline winograd_block winograd_whole_block(const winograd_wgrad *f) {
    return (winograd_block){.wide_count = f->wide.channels,
                            .narrow_count = f->narrow.channels,
                            .element_stride = (ptrdiff_t)f->wide.channels * f->narrow.channels,
                            .row_stride = f->narrow.channels};
}

typedef struct winograd_wgrad_args {
    const float *wide, *narrow;
    uint32_t *support; /* [support_splits][support_stride] */
    float *dweight;
} winograd_wgrad_args;

/* Groups of tiles, a phase and a block of channels of the output. */
typedef struct winograd_panel {
    int group_first, group_end, tiles;
    int phase, out;
    const float *in; /* transformed */
    const float *weight;
} winograd_panel;

enum { WINOGRAD_WEIGHT_CHANNELS = 8 }; /* of the input, whose weights are transformed together */

enum { WINOGRAD_SUM_TILES = 32 }; /* whose products are summed up before they are added to those of others */

/* All but `block` and the strides of transformed tiles. */
winograd winograd_describe(const op_desc *desc);
/* All but the splits, the strides of transformed tiles, and sum_floats. */
winograd_wgrad winograd_wgrad_describe(const op_desc *desc);

/* Has whole vectors stored for each phase, as many as divide into blocks of several. */
void winograd_store_vectors(winograd_image *image, const struct tile_limits *limits);

/* The tiles of all groups before this one. */
static inline size_t winograd_tiles_before(const winograd_grid *grid, int index) {
    const winograd_group group = winograd_get_group(grid, index);
    return ((size_t)group.image_first * (size_t)grid->tiles_y + (size_t)group.row_first) * (size_t)grid->tiles_x;
}

/* Those of the groups first .. end - 1. */
static inline int winograd_tiles_of(const winograd_grid *grid, int first, int end) {
    return (int)(winograd_tiles_before(grid, end - 1) - winograd_tiles_before(grid, first)) +
           winograd_get_group(grid, end - 1).tiles;
}

#endif
