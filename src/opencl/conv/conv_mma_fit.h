/* How gather and spread of implementation "mma" are cut into work-groups. */
#ifndef CLAE_OPENCL_CONV_CONV_MMA_FIT_H
#define CLAE_OPENCL_CONV_CONV_MMA_FIT_H

#include "opencl/conv/conv_mma.h"
#include "opencl/conv/conv_tile.h"

/* Parameters: items of a work-group and channels of its outputs; tiles of the matrix unit's rows, which are channels,
 * and of its columns that a warp makes, at most; input channels that a slice is given at a time, and local memory. */
enum { ITEMS = CONV_MMA_ITEMS, BLOCK, M_TILES, N_TILES, CHUNK_C, LOCAL_KIB };

/* As the macros of the same names. */
typedef struct conv_mma_tile {
    conv_tile_shape shape;
    int items, block, m_tiles, n_tiles, slices, chunk_c;
} conv_mma_tile;

/* The fastest for the device's compute units, of at most `items`; false where none fits into local memory. The order of
 * sums follows from the shape, items, values and `tf32` alone: not from the batch. */
bool conv_mma_fit(const clae_device *device, const op_desc *desc, int items, const int *v, bool tf32,
                  conv_mma_tile *tile);

#endif
