/* The gradient of the weights: sums of products over all positions of all images. The batch is split into a number of
 * parts that depends on the shape alone, and their partial sums are added in order: threads do not change a bit. */
#ifndef CLAE_PLAIN_CONV_DIRECT_WGRAD_H
#define CLAE_PLAIN_CONV_DIRECT_WGRAD_H

#include "ops/conv.h"

#include <stdbool.h>
#include <stddef.h>

/* The taps of one kernel row side by side, as they are in memory where all of them meet all positions, or one by one.
 */
typedef struct wgrad_segment {
    int first, length;             /* in elements of [kw][wide_c] */
    int position_first, positions; /* along the narrow row */
} wgrad_segment;

typedef struct wgrad {
    conv_geometry g;
    int padded_channels; /* narrow_c, rounded up to whole vectors */
    int splits;          /* of the batch */
    int rows_per_group;  /* kernel rows that one task sums up */
    int groups;
    int rows_per_chunk; /* narrow rows that stay in the cache while all taps pass over them; at most WGRAD_MAX_ROWS */
    int segment_count;
    wgrad_segment *segments;
    size_t partial_floats; /* [kh][kw][wide_c][padded_channels] */
} wgrad;

#define WGRAD_MAX_ROWS 64

typedef struct wgrad_args {
    const float *wide;
    const float *narrow; /* with padded_channels channels */
    float *partials;     /* [splits] */
    /* The gradient of the bias: sums over `dy_rows` positions of each image of dy; NULL when it is not asked for. */
    const float *dy;
    int dy_rows, dy_channels;
    float *bias_partials; /* [splits][dy_channels] */
} wgrad_args;

/* Part `index` of `count` of the numbers 0 .. total-1. */
static inline conv_range wgrad_split(int total, int count, int index) {
    conv_range part = {(int)((long long)total * index / count), (int)((long long)total * (index + 1) / count)};
    return part;
}

#endif
