/* .safetensors files of 32-bit floats: u64 header length, JSON header, data. */
#ifndef CLAE_DATA_SAFETENSORS_H
#define CLAE_DATA_SAFETENSORS_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

#define SAFETENSORS_MAX_RANK 8

typedef struct safetensors_tensor {
    const char *name;
    size_t rank;
    size_t shape[SAFETENSORS_MAX_RANK];
    const float *values;
} safetensors_tensor;

typedef struct safetensors_pair {
    const char *key, *value;
} safetensors_pair;

typedef struct safetensors_file {
    safetensors_tensor *tensors;
    size_t tensor_count;
    safetensors_pair *metadata;
    size_t metadata_count;
    void *storage; /* owns what the above points to */
} safetensors_file;

/* Writes atomically, tensors in the order given; a CRC-32 of the data goes into the metadata as "data_crc32". */
clae_status safetensors_write(const clae_context *context, const char *path, const safetensors_tensor *tensors,
                              size_t tensor_count, const safetensors_pair *metadata, size_t metadata_count);

/* Reads and validates a whole file: header, offsets without overlap or hole, sizes, no bytes after the end, CRC-32
 * where there is one. Tensors of other types than F32 are refused. Free with safetensors_free, also after a failure. */
clae_status safetensors_read(const clae_context *context, const char *path, safetensors_file *file);
void safetensors_free(safetensors_file *file);

/* NULL when there is none. */
const safetensors_tensor *safetensors_find(const safetensors_file *file, const char *name);
const char *safetensors_metadata(const safetensors_file *file, const char *key);

#endif
