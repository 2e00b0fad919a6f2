#define _GNU_SOURCE /* memmem */
#include "data/safetensors.h"

#include "base/files.h"
#include "data/safetensors_format.h"

#include <stdlib.h>
#include <string.h>

uint32_t safetensors_header_crc(const char *header, size_t bytes, const char **digits) {
    /* Quotes within a JSON string are escaped: this is found as a key only. */
    static const char key[] = "\"" SAFETENSORS_HEADER_CRC "\":\"";
    const char *const found = memmem(header, bytes, key, sizeof key - 1);
    const size_t before = found ? (size_t)(found - header) + sizeof key - 1 : bytes;
    *digits = NULL;
    if (bytes - before < SAFETENSORS_CRC_DIGITS) return hash_crc32(0, header, bytes);
    const size_t after = before + SAFETENSORS_CRC_DIGITS;
    *digits = header + before;
    uint32_t crc = hash_crc32(0, header, before);
    crc = hash_crc32(crc, "00000000", SAFETENSORS_CRC_DIGITS);
    return hash_crc32(crc, header + after, bytes - after);
}

clae_status safetensors_check_intact(const clae_context *context, const char *path, const safetensors_file *file) {
    if (!file->has_checksums)
        return fail(context, CLAE_ERROR_INPUT, "'%s' has no checksums: it is not as clae wrote it", path);
    if (!file->is_header_damaged && !file->is_data_damaged) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "'%s' is damaged: the checksum of its %s does not match", path,
                file->is_header_damaged ? "header" : "data");
}

const safetensors_tensor *safetensors_find(const safetensors_file *file, const char *name) {
    for (size_t i = 0; i < file->tensor_count; i++)
        if (strcmp(file->tensors[i].name, name) == 0) return &file->tensors[i];
    return NULL;
}

const char *safetensors_metadata(const safetensors_file *file, const char *key) {
    for (size_t i = 0; i < file->metadata_count; i++)
        if (strcmp(file->metadata[i].key, key) == 0) return file->metadata[i].value;
    return NULL;
}
