/* NumPy's .npy files of 32-bit floats, little-endian, C order. */
#ifndef CLAE_DATA_NPY_ARRAY_H
#define CLAE_DATA_NPY_ARRAY_H

#include "base/context.h"
#include "data/npy_header.h"

#include <stddef.h>

typedef struct npy_array {
    size_t rank;
    size_t shape[NPY_MAX_RANK];
    float *values; /* freed by the caller after npy_read */
} npy_array;

clae_status npy_write(const clae_context *context, const char *path, const npy_array *array);
/* Reads versions 1 and 2; other types and orders, sizes that do not match and values that are not finite are refused
 * with CLAE_ERROR_INPUT. */
clae_status npy_read(const clae_context *context, const char *path, npy_array *array);

#endif
