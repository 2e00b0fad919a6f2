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

/* Images of which tiles are taken: tile (y, x) begins at (y * step + base_y, x * step + base_x); what is outside counts
 * as 0. */
typedef struct winograd_image {
    int h, w, c;
    int step, base_y, base_x;
} winograd_image;

typedef struct winograd {
    int size; /* t */
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

typedef struct winograd_wgrad {
    int size; /* t */
    winograd_grid grid;
    winograd_image wide, narrow;
    bool transposed;                      /* dweight is [k][narrow_c][wide_c] */
    int splits;                           /* of the groups */
    ptrdiff_t wide_stride, narrow_stride; /* as in_stride */
    size_t sum_floats;                    /* [t x t][wide_c][narrow_c] */
    int words;                            /* of a row of the support of narrow (winograd_support_words) */
    size_t wide_words;                    /* of the support of wide */
    size_t slice_floats;                  /* of a split: sums, support */
} winograd_wgrad;

typedef struct winograd_wgrad_args {
    const float *wide, *narrow;
    float *sums; /* [splits][slice_floats] */
    float *dweight;
} winograd_wgrad_args;

#endif
