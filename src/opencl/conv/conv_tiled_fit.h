/* How gather and spread of implementation "tiled" are cut into work-groups. */
#ifndef CLAE_OPENCL_CONV_CONV_TILED_FIT_H
#define CLAE_OPENCL_CONV_CONV_TILED_FIT_H

#include "opencl/conv/conv_tile.h"
#include "opencl/conv/conv_tiled.h"

/* Parameters: output channels of a work-group and of an item; the most positions of an item; input channels that a
 * slice is given at a time; local memory. */
enum { ITEMS = CONV_TILED_ITEMS, BLOCK, CHANNELS, POSITIONS, CHUNK_C, LOCAL_KIB };

/* As the macros of the same names. */
typedef struct conv_tiled_tile {
    conv_tile_shape shape;
    int items, slices, block, channels, vector, positions, chunk_c, in_vector, rows, ahead_in, ahead_weights;
    int parts, part_c;
} conv_tiled_tile;

/* The fastest for the device's compute units, of at most `items`; false where a row of taps does not fit into local
 * memory. The order of sums follows from the shape, items and values alone: not from the batch. */
bool conv_tiled_fit(const clae_device *device, const op_desc *desc, int items, const int *v, conv_tiled_tile *tile);

#endif
