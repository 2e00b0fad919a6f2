/* Tiles of outputs that a work-group makes from one staged patch of inputs, as cl/conv_tile.cl cuts them. */
#ifndef CLAE_OPENCL_CONV_CONV_TILE_H
#define CLAE_OPENCL_CONV_CONV_TILE_H

#include "opencl/conv/conv.h"

/* Places of outputs along an axis and the taps of one: of the longest phase for spread. */
typedef struct conv_axis {
    int places, taps, step;
} conv_axis;

typedef struct conv_axes {
    conv_axis y, x;
} conv_axes;

/* Images and outputs along both axes. */
typedef struct conv_tile_shape {
    int n, h, w;
} conv_tile_shape;

/* Of gather and spread. */
conv_axes conv_axes_of(const op_desc *desc);
/* Pixels below a tile. */
size_t conv_tile_patch(const conv_axes *axes, const conv_tile_shape *shape);
/* Images, up to `most`, whose elements kernels can count in int. */
int conv_tile_most_images(const op_desc *desc, int most);
/* The best shape of at most `positions` outputs with a patch of at most `most_pixels`; false when there is none.
 * Offsets within its images fit in int. */
bool conv_tile_choose(const op_desc *desc, int positions, size_t most_pixels, conv_tile_shape *shape);
/* Work-groups: tiles, blocks of `block` channels, phases. */
typedef struct conv_tile_groups {
    size_t tiles, blocks, phases;
} conv_tile_groups;
conv_tile_groups conv_tile_count(const op_desc *desc, const conv_tile_shape *shape, int block);
/* The grid of a launch of these, of `items` each. */
void conv_tile_grid(conv_instance *instance, int launch, const conv_tile_shape *shape, int block, size_t items);
void conv_tile_options(const conv_tile_shape *shape, char text[CONV_OPTIONS_SIZE]);

#endif
