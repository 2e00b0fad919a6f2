/* Matrix units: which of the ways of cl/mma.cl a device has, and the shapes that they want. */
#ifndef CLAE_OPENCL_MMA_H
#define CLAE_OPENCL_MMA_H

#include "opencl/opencl.h"

/* The matrix unit that the device is known to have, if small products by it come out right, otherwise the stand-in.
 * What was tried in vain is logged at debug level. */
opencl_mma opencl_find_mma(const opencl_device *device);
/* Whether small products by `mma` can be built and come out right; otherwise logs, at debug level, what went wrong. */
bool opencl_mma_works(const opencl_device *device, opencl_mma mma);

/* "PTX" */
const char *opencl_mma_name(opencl_mma mma);
/* What products are made of, where they may be of TF32 or not. */
op_arithmetic opencl_mma_arithmetic(const opencl_device *device, bool tf32);

/* Items of a warp, and columns of a product. */
int opencl_mma_warp(opencl_mma mma);
int opencl_mma_columns(opencl_mma mma);
/* Floats of local memory, beside the operands', for a work-group of `items` that makes as many rows of `columns`. */
size_t opencl_mma_exchange(opencl_mma mma, int items, int columns);

#endif
