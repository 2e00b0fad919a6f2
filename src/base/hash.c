#include "base/files.h"

#include <zlib.h>

uint32_t hash_crc32(uint32_t crc, const void *data, size_t bytes) {
    /* zlib takes a null pointer as the wish for the initial value. */
    return bytes == 0 ? crc : (uint32_t)crc32_z(crc, data, bytes);
}

uint64_t hash_fnv1a(uint64_t hash, const void *data, size_t bytes) {
    const uint8_t *p = data;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ p[i]) * 1099511628211ULL;
    return hash;
}
