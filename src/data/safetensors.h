/* .safetensors files: u64 header length, JSON header, data. Written ones hold 32-bit floats. */
#ifndef CLAE_DATA_SAFETENSORS_H
#define CLAE_DATA_SAFETENSORS_H

#include "base/context.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SAFETENSORS_MAX_RANK 8

typedef struct safetensors_tensor {
    const char *name;
    size_t rank;
    size_t shape[SAFETENSORS_MAX_RANK];
    const float *values; /* NULL after reading a tensor of another type than F32, F16 and BF16 */
    const char *type;    /* "F32"; set by reading */
} safetensors_tensor;

typedef struct safetensors_pair {
    const char *key, *value;
} safetensors_pair;

typedef struct safetensors_file {
    safetensors_tensor *tensors;
    size_t tensor_count;
    safetensors_pair *metadata;
    size_t metadata_count;
    bool has_checksums;                      /* both */
    bool is_header_damaged, is_data_damaged; /* there is a checksum of it, which does not match */
    void *storage;                           /* owns what the above points to */
} safetensors_file;

/* Writes atomically, tensors in the order given. Two CRC-32 go into the metadata: "data_crc32" of the data, and
 * "header_crc32" of the header, as it is with eight zeros in the place of the latter's digits. */
clae_status safetensors_write(const clae_context *context, const char *path, const safetensors_tensor *tensors,
                              size_t tensor_count, const safetensors_pair *metadata, size_t metadata_count);

/* Reads and validates a whole file: header, offsets without overlap or hole, sizes, no bytes after the end. Numbers of
 * 16 bits become floats, which takes twice their bytes in memory beside the file's. Checksums are compared where there
 * are any, but leave the file usable: other programs keep the metadata of a file that they change. Free with
 * safetensors_free, also after a failure. */
clae_status safetensors_read(const clae_context *context, const char *path, safetensors_file *file);
/* Refuses a file whose bytes are not those that clae wrote. */
clae_status safetensors_check_intact(const clae_context *context, const char *path, const safetensors_file *file);
void safetensors_free(safetensors_file *file);

/* NULL when there is none. */
const safetensors_tensor *safetensors_find(const safetensors_file *file, const char *name);
const char *safetensors_metadata(const safetensors_file *file, const char *key);

#endif
