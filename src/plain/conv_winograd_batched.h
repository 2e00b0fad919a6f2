/* What both of Winograd's algorithms in batches share: groups of tiles that are transformed one by one
 * (conv_winograd.h) and multiplied together. */
#ifndef CLAE_PLAIN_CONV_WINOGRAD_BATCHED_H
#define CLAE_PLAIN_CONV_WINOGRAD_BATCHED_H

#include "plain/conv_winograd.h"

enum { WINOGRAD_BATCH_TILES = 512 };

/* `groups` of the grid, of `tiles` at most. */
typedef struct winograd_batches {
    int groups, tiles;
} winograd_batches;
winograd_batches winograd_make_batches(const winograd_grid *grid);

/* Floats between the elements of t x t of a batch's transformed tiles. */
ptrdiff_t winograd_batch_stride(const winograd_batches *batches, int channels);

#endif
