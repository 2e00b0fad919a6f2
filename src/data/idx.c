#include "data/idx.h"

#include "base/memory.h"
#include "data/byte_source.h"
#include "data/file_kind.h"

#include <stdlib.h>
#include <string.h>

#define UNSIGNED_BYTES 8 /* the format's number for the type */
#define RANK 3
#define HEADER_BYTES (4 + 4 * RANK)
#define MAX_PIXEL_BYTES ((uint64_t)4 << 30)
#define FIRST_STEP_BYTES ((size_t)1 << 20)

static uint32_t big_endian_32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static clae_status idx_refuse_format(const clae_context *context, const char *path, byte_source *source,
                                     const uint8_t header[HEADER_BYTES], size_t bytes) {
    uint8_t start[FILE_KIND_BYTES];
    size_t more = 0;
    memcpy(start, header, bytes);
    if (bytes == HEADER_BYTES) {
        const clae_status status = byte_source_read(source, start + bytes, sizeof start - bytes, &more);
        if (status != CLAE_OK) return status;
    }
    const file_kind kind = file_kind_of(start, bytes + more);
    if (!kind.what)
        return fail(context, CLAE_ERROR_INPUT, "'%s' is not an IDX file: it must begin with two zero bytes", path);
    return fail(context, CLAE_ERROR_INPUT, "'%s' is not an IDX file, it is %s: %s", path, kind.what,
                kind.advice ? kind.advice : "images are read from IDX files, as those of MNIST are");
}

static clae_status read_header(const clae_context *context, const char *path, byte_source *source, idx_images *images) {
    uint8_t header[HEADER_BYTES];
    size_t got;
    clae_status status = byte_source_read(source, header, sizeof header, &got);
    if (status != CLAE_OK) return status;
    if (got < 4 || header[0] != 0 || header[1] != 0) return idx_refuse_format(context, path, source, header, got);
    if (header[2] != UNSIGNED_BYTES || header[3] != RANK)
        return fail(context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' has elements of type %d and rank %d: images have type %d and rank %d", path,
                    header[2], header[3], UNSIGNED_BYTES, RANK);
    if (got < sizeof header)
        return fail(context, CLAE_ERROR_INPUT, "the IDX file '%s' is cut off in its header, after %zu bytes of %zu",
                    path, got, sizeof header);
    images->n = big_endian_32(header + 4);
    images->h = big_endian_32(header + 8);
    images->w = big_endian_32(header + 12);
    return CLAE_OK;
}

/* *bytes: of the pixels; refused before anything of the size is allocated. */
static clae_status check_size(const clae_context *context, const char *path, const byte_source *source,
                              const idx_images *images, size_t *bytes) {
    const size_t shape[RANK] = {images->n, images->h, images->w};
    if (!size_product(shape, RANK, bytes) || *bytes > MAX_PIXEL_BYTES)
        return fail(context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' promises %zu images of %zu x %zu: at most %llu bytes are read", path, images->n,
                    images->h, images->w, (unsigned long long)MAX_PIXEL_BYTES);
    if (*bytes == 0)
        return fail(context, CLAE_ERROR_INPUT, "the IDX file '%s' is empty: %zu images of %zu x %zu", path, images->n,
                    images->h, images->w);
    if (*bytes > byte_source_limit_bytes(source))
        return fail(context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' promises %zu images of %zu x %zu: it is too short for that, perhaps cut off",
                    path, images->n, images->h, images->w);
    return CLAE_OK;
}

/* The block grows as data come: a small file that promises much costs little. */
static clae_status read_pixels(const clae_context *context, const char *path, byte_source *source, size_t bytes,
                               uint8_t **pixels) {
    size_t capacity = 0, total = 0;
    while (total < bytes) {
        size_t step = capacity > FIRST_STEP_BYTES ? capacity : FIRST_STEP_BYTES;
        capacity = bytes - capacity < step ? bytes : capacity + step;
        uint8_t *larger = realloc(*pixels, capacity);
        if (!larger) return fail_memory(context, capacity, path);
        *pixels = larger;
        size_t got;
        clae_status status = byte_source_read(source, larger + total, capacity - total, &got);
        if (status != CLAE_OK) return status;
        total += got;
        if (total < capacity)
            return fail(context, CLAE_ERROR_INPUT, "the IDX file '%s' is cut off: %zu bytes of pixels out of %zu", path,
                        total, bytes);
    }
    uint8_t extra;
    size_t extra_bytes;
    clae_status status = byte_source_read(source, &extra, 1, &extra_bytes);
    if (status == CLAE_OK && extra_bytes != 0)
        status = fail(context, CLAE_ERROR_INPUT, "the IDX file '%s' goes on after the %zu bytes that it promises", path,
                      bytes + HEADER_BYTES);
    return status;
}

clae_status idx_read_images(const clae_context *context, const char *path, idx_images *images) {
    memset(images, 0, sizeof *images);
    byte_source *source = NULL;
    size_t bytes = 0;
    clae_status status = byte_source_open(context, path, &source);
    if (status == CLAE_OK) status = read_header(context, path, source, images);
    if (status == CLAE_OK) status = check_size(context, path, source, images, &bytes);
    if (status == CLAE_OK) status = read_pixels(context, path, source, bytes, &images->pixels);
    byte_source_close(source);
    if (status != CLAE_OK) {
        free(images->pixels);
        memset(images, 0, sizeof *images);
    }
    return status;
}
