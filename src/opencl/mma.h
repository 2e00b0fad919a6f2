/* Matrix units: which of the ways of cl/mma.cl a device has, and the shapes that they want. */
#ifndef CLAE_OPENCL_MMA_H
#define CLAE_OPENCL_MMA_H

#include "opencl/opencl.h"

/* Sets device->mma: the matrix unit that the device is known to have, if small products by it come out right, otherwise
 * the stand-in; and the spelling of inline PTX that goes with it. What was tried in vain is logged at debug level. */
void opencl_find_mma(opencl_device *device);
/* Warns once, if `choice` asks for matrix units that the device should have, and that cannot be used. */
void opencl_mma_miss(opencl_device *device, const op_choice *choice);
/* Whether small products by `mma` can be built and come out right; otherwise logs, at debug level, what went wrong. */
bool opencl_mma_works(const opencl_device *device, opencl_mma mma);

/* Options of programs that use cl/mma.cl, " -DMMA=1". */
const char *opencl_mma_options(const opencl_device *device, opencl_mma mma);
/* "PTX" */
const char *opencl_mma_name(opencl_mma mma);
/* What products are made of, where they may be of TF32 or not. */
op_arithmetic opencl_mma_arithmetic(const opencl_device *device, bool tf32);

/* Items of a warp, and columns of a product. */
int opencl_mma_warp(opencl_mma mma);
int opencl_mma_columns(opencl_mma mma);
/* Parts of an operand, each as large as its floats: 3xTF32 has two. */
int opencl_mma_parts(opencl_mma mma, bool tf32);
/* Floats of local memory, beside the operands', for so many warps, each of which makes such tiles. */
size_t opencl_mma_exchange(opencl_mma mma, size_t warps, int m_tiles, int n_tiles, bool tf32);

#endif
