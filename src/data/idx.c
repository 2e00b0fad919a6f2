/* IDX files of unsigned bytes (the format of MNIST): 0 0 type rank, big-endian 32-bit dimensions, data. */
#include "data/image_format.h"

#define UNSIGNED_BYTES 8 /* the format's number for the type */
#define RANK 3
#define HEADER_BYTES (4 + 4 * RANK)

static bool idx_is_a(const uint8_t *start, size_t bytes) {
    return bytes >= 4 && start[0] == 0 && start[1] == 0;
}

static uint32_t big_endian_32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static clae_status idx_read_header(const image_file *file, clae_dataset_info *shape) {
    uint8_t header[HEADER_BYTES];
    size_t got;
    const clae_status status = byte_source_read(file->bytes, header, sizeof header, &got);
    if (status != CLAE_OK) return status;
    if (header[2] != UNSIGNED_BYTES || header[3] != RANK)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' has elements of type %d and rank %d: images have type %d and rank %d",
                    file->path, header[2], header[3], UNSIGNED_BYTES, RANK);
    if (got < sizeof header)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' is cut off in its header, after %zu bytes of %zu", file->path, got,
                    sizeof header);
    *shape = (clae_dataset_info){
        .n = big_endian_32(header + 4), .c = 1, .h = big_endian_32(header + 8), .w = big_endian_32(header + 12)};
    return CLAE_OK;
}

static clae_status idx_read(const image_file *file, clae_dataset_info *shape, void **elements) {
    uint8_t *pixels = NULL;
    clae_status status = idx_read_header(file, shape);
    if (status == CLAE_OK) status = image_file_read_rest(file, shape, 1, &pixels);
    *elements = pixels;
    return status;
}

const image_format image_format_idx = {
    .name = "IDX files of bytes",
    .suffixes = (const char *const[]){"-idx3-ubyte", ".idx3-ubyte", NULL},
    .is_a = idx_is_a,
    .read = idx_read,
};
