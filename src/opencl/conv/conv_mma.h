/* What the two halves of implementation "mma", data and weights' gradients, share. */
#ifndef CLAE_OPENCL_CONV_CONV_MMA_H
#define CLAE_OPENCL_CONV_CONV_MMA_H

#include "opencl/conv/conv.h"
#include "opencl/mma.h"

/* The first parameters of both: the most items of a work-group, and channels of its product's columns or rows. */
enum { CONV_MMA_ITEMS, CONV_MMA_BLOCK };

int conv_mma_most_items(const clae_device *device, const int *v);
/* Whether the device can do it at all: the stand-in's loops are long. That a warp fits into a work-group is a matter of
 * valid values. */
bool conv_mma_is_possible(const clae_device *device, const op_desc *desc);
/* Whether both sides have as many channels as a tile of the matrix unit: `few` and `taps` are for fewer. */
bool conv_mma_fills_tiles(const op_desc *desc);
/* Of a compute unit: warps that its four schedulers hold, whose items have so many registers; local memory of its
 * work-groups. */
double conv_mma_resident_warps(const clae_device *device, double registers);
#define CONV_MMA_UNIT_BYTES ((size_t)200 * 1024)
/* Cycles of a compute unit with four schedulers: a product of 16 x 8 x 8 by one of them; a vector of each item of 32 to
 * local memory, or from a line of a cache; bytes a cycle from afar. */
#define CONV_MMA_PRODUCT_CYCLES 7.0
#define CONV_MMA_LOCAL_CYCLES 4.0
#define CONV_MMA_LINE_FLOATS 32.0
#define CONV_MMA_FAR_BYTES 24.0
/* The failure of a prepare function whose kernels allow too few items. */
clae_status conv_mma_too_few(const clae_device *device, const op_desc *desc, const op_choice *choice);

#endif
