/* Matrix units: which of the ways of cl/mma.cl a device has, and the shapes that they want. */
#ifndef CLAE_OPENCL_MMA_H
#define CLAE_OPENCL_MMA_H

#include "opencl/opencl.h"

/* Tries the matrix unit that the device is known to have. The device has it afterwards, and the spelling of inline PTX
 * that goes with it, if small products by it come out right, otherwise the stand-in. What was tried in vain is logged
 * at debug level. */
void opencl_find_mma(opencl_device *device);
/* Sets device->mma, and its layout: the stand-in has that of tensor cores. */
void opencl_mma_use(opencl_device *device, opencl_mma mma);
/* Warns once, if `choice` asks for matrix units that the device should have, and that cannot be used. */
void opencl_mma_miss(opencl_device *device, const op_choice *choice);
/* Whether small products by device->mma can be built and come out right; otherwise logs, at debug level, what went
 * wrong. */
bool opencl_mma_works(const opencl_device *device);

/* Options of programs that use cl/mma.cl, " -DMMA=1". */
typedef struct opencl_mma_text {
    char text[64];
} opencl_mma_text;
opencl_mma_text opencl_mma_options(const opencl_device *device);
/* "PTX" */
const char *opencl_mma_name(opencl_mma mma);
/* What products are made of, where they may be of TF32 or not. */
op_arithmetic opencl_mma_arithmetic(const opencl_device *device, bool tf32);

/* Items of a warp, and rows and columns of a product, of 8 elements each. */
int opencl_mma_warp(const opencl_device *device);
int opencl_mma_rows(const opencl_device *device);
int opencl_mma_columns(const opencl_device *device);
/* Of an item, for each product: elements of the rows, of the columns, and sums. */
int opencl_mma_row_elements(const opencl_device *device);
int opencl_mma_column_elements(const opencl_device *device);
int opencl_mma_sums(const opencl_device *device);
/* Registers that an item may have at most; warps that a core, which has local memory of its own, holds, 0 where it is
 * as many as it has registers for; and cores. */
int opencl_mma_registers(const opencl_device *device);
int opencl_mma_warps(const opencl_device *device);
int opencl_mma_cores(const opencl_device *device);
/* Parts of what rows and columns are made of, each as large as its floats, and products of parts that are added up. */
typedef struct opencl_mma_parts {
    int row, column, products;
} opencl_mma_parts;
opencl_mma_parts opencl_mma_parts_of(const opencl_device *device, bool tf32);
/* Floats of local memory, beside the operands', for so many warps, each of which makes such tiles. */
size_t opencl_mma_exchange(const opencl_device *device, size_t warps, int m_tiles, int n_tiles, bool tf32);

#endif
