/* What Winograd's algorithms for devices whose work-items are threads with vector units share. */
#ifndef CLAE_OPENCL_CONV_CONV_WINOGRAD_H
#define CLAE_OPENCL_CONV_CONV_WINOGRAD_H

#include "opencl/conv/conv.h"

/* The most floats of a vector that divide the channels of both sides, up to `width`. */
int conv_winograd_lanes(const conv_geometry *g, int width);

typedef struct winograd_tile {
    int lanes, vectors, positions; /* sums in registers: positions x vectors */
} winograd_tile;

/* `vectors` of `channels`, or one; of `count` positions as many as fit, in tiles of even size. */
winograd_tile conv_winograd_fit_tile(int lanes, int vectors, int channels, int count);

/* Work-items that take `tasks` in turn. */
int conv_winograd_choose_items(const opencl_device *device, int items_per_unit, int tasks);

/* Of wide. */
int conv_winograd_phases(const conv_geometry *g);
/* Channels of wide's tiles: of all phases. */
int conv_winograd_wide_c(const conv_geometry *g);

/* Tiles that are transformed together by both algorithms in batches. */
enum { WINOGRAD_MOST_BATCH_TILES = 512 };

typedef struct winograd_batches {
    int all;   /* tiles of all images */
    int tiles; /* of a batch, at most */
    int count;
} winograd_batches;
winograd_batches conv_winograd_make_batches(const op_desc *desc, int most_tiles);

/* Floats between the elements of a batch's transformed tiles, of `block` channels: an odd number of cache lines. */
int conv_winograd_batch_stride(const winograd_batches *batches, int block);

/* Makes kernels of work-groups of one item, in the order of their launches, with NULL at the end. */
clae_status conv_winograd_batch_kernels(opencl_instance *instance, const char *file, const char *options,
                                        const char *const *names, const winograd_batches *batches);

/* Whether the tiles of a batch take a reasonable memory, whatever the number of images. */
bool conv_winograd_can_batch(const clae_device *device, const op_desc *desc);
bool conv_winograd_batch_suits(const clae_device *device, const op_desc *desc);

#endif
