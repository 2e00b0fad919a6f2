/* How Winograd's algorithm (tools/winograd-transforms) divides convolutions with square kernels of r x r: tiles of m x
 * m results are made from t x t inputs, t = m + r - 1, by t x t products instead of m x m x r x r. For each element of
 * the t x t the products over channels are one matrix product over the tiles of a group, which stays in the cache from
 * the first transform to the last.
 *
 * With stride 2, wide is four images, of its even and odd rows and columns, each of which meets narrow by every second
 * tap of an axis, with stride 1. Gather and wgrad take them as so many channels more, spread makes them. */
#ifndef CLAE_OPS_WINOGRAD_H
#define CLAE_OPS_WINOGRAD_H

#include "ops/conv.h"

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

enum { WINOGRAD_MAX_STRIDE = 2 };

/* Every `stride`-th position of an axis of wide, from the first on: by tap k = tap + stride * i, i < taps, narrow
 * position n meets its position n + offset + i. */
typedef struct winograd_phase {
    int first, count;
    int tap, taps;
    int offset;
} winograd_phase;
winograd_phase winograd_get_phase(int wide, int kernel, int stride, int pad, int index);

/* r, the most taps of a phase, and t for it; 0 when there are no transforms. */
int winograd_taps(const conv_geometry *g);
int winograd_size(const conv_geometry *g);

bool winograd_has_transforms(const op_desc *desc);
/* The same for 3x3 and 5x5 with stride 1. */
bool winograd_has_dense_transforms(const op_desc *desc);

/* Floats of transformed weights, or of wgrad's sums. */
size_t winograd_weights(const op_desc *desc);

/* Whether there are transforms for a convolution, with vectors of `lanes` channels, and the memory they take is
 * reasonable. */
bool winograd_can(const op_desc *desc, int lanes);

/* The same where all tiles of a batch of images are multiplied together: weights and sums may outgrow the cache. */
bool winograd_can_batch(const op_desc *desc, int lanes);
bool winograd_batch_pays(const op_desc *desc);

/* Whether the products that are saved pay for the transforms: enough channels, and tiles that are not mostly border. With
 * stride 2 wgrad needs `fewest_wgrad_tiles` of an image, which share a pass over its sums. */
bool winograd_pays(const op_desc *desc, int fewest_wgrad_tiles);

/* Where channels of x and dy are not 0, for wgrad: bits of 32 positions to a word, [phase][h][words + 1][c] of wide,
 * then [h][words][c] of narrow. A tap of a pair of channels that are never both other than 0 has a gradient of exactly
 * 0. */
int winograd_support_words(const conv_geometry *g);
size_t winograd_support_phase(const conv_geometry *g); /* words of a phase of wide */
size_t winograd_support_count(const conv_geometry *g); /* of both, in whole cache lines */

/* For gather the tiles of the output, for spread those of each phase of it, for wgrad those of narrow, where tiles have
 * t - r + 1 positions too. Groups are those for the caches of CPUs, and do not depend on n. */
winograd_grid winograd_make_grid(const op_desc *desc);

/* The same tiles in groups of up to `most_tiles`, as large as that allows; a row of tiles is not divided. */
winograd_grid winograd_make_grid_within(const op_desc *desc, int most_tiles);

/* Parts of the batch whose sums of wgrad, of `sum_floats` each, are apart: as many as keep the sums of all in the cache,
 * and enough for some threads. */
int winograd_wgrad_splits(size_t sum_floats);

/* The most whole vectors of `lanes` that divide `channels`, in channels, and are not more than `most`. */
int winograd_block_of(int channels, int lanes, int most);

/* Floats between the elements of transformed tiles, of [tile][channel] each. */
int winograd_stride(const winograd_grid *grid, int channels);

static inline winograd_group winograd_get_group(const winograd_grid *grid, int index) {
    const int image = index / grid->groups_y * grid->images, row = index % grid->groups_y * grid->rows;
    winograd_group group = {image, image + grid->images, row, row + grid->rows, 0};
    if (group.image_end > grid->n) group.image_end = grid->n;
    if (group.row_end > grid->tiles_y) group.row_end = grid->tiles_y;
    group.tiles = (group.image_end - group.image_first) * (group.row_end - group.row_first) * grid->tiles_x;
    return group;
}

#endif
