/* What the two halves of implementation "tiled", data and weights' gradients, share. */
#ifndef CLAE_OPENCL_CONV_CONV_TILED_H
#define CLAE_OPENCL_CONV_CONV_TILED_H

#include "opencl/conv/conv.h"

/* The first parameters of both: items of a work-group, fewer where the device or the built kernel wants that; output
 * channels of a work-group and of an item. */
enum { CONV_TILED_ITEMS, CONV_TILED_BLOCK, CONV_TILED_CHANNELS };

/* Whether these go together, whatever the others are. */
bool conv_tiled_group_is_valid(const int *v);
int conv_tiled_most_items(const clae_device *device, const int *v);

#endif
