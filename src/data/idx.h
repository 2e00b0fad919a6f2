/* IDX files of unsigned bytes, plain or gzip-compressed (the format of MNIST): 0 0 type rank, big-endian 32-bit
 * dimensions, data. */
#ifndef CLAE_DATA_IDX_H
#define CLAE_DATA_IDX_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

typedef struct idx_images {
    size_t n, h, w;
    uint8_t *pixels; /* [n][h][w], freed by the caller */
} idx_images;

/* Reads a file of rank 3 exactly: truncated data, bytes after the end and decompression beyond the size that the header
 * promises are refused with CLAE_ERROR_INPUT. */
clae_status idx_read_images(const clae_context *context, const char *path, idx_images *images);

#endif
