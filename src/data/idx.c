/* IDX files of unsigned bytes (the format of MNIST): 0 0 type rank, big-endian 32-bit dimensions, data. Of rank 4 they
 * have channels, as NumPy's arrays do. */
#include "base/memory.h"
#include "data/image_array.h"
#include "data/label_array.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define UNSIGNED_BYTES 8 /* the format's number for the type */
#define START_BYTES 4
#define MAX_LABEL_COLUMNS 64 /* QMNIST has 8, of which the first is the class */

static bool idx_is_a(const uint8_t *start, size_t bytes) {
    return bytes >= START_BYTES && start[0] == 0 && start[1] == 0;
}

static uint32_t big_endian(const uint8_t *p, size_t bytes) {
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = value << 8 | p[i];
    return value;
}

/* The type and the rank, which must be from least to most, and the sizes. */
static clae_status idx_read_header(const clae_context *context, byte_source *bytes, const char *path, uint8_t least,
                                   uint8_t most, uint8_t *type, npy_header *header) {
    uint8_t start[START_BYTES] = {0}, sizes[4 * NPY_MAX_RANK];
    size_t got, more = 0;
    clae_status status = byte_source_read(bytes, start, sizeof start, &got);
    *type = start[2];
    *header = (npy_header){.rank = start[3]};
    if (status != CLAE_OK) return status;
    if (header->rank < least || header->rank > most) {
        char ranks[40];
        snprintf(ranks, sizeof ranks, least == most ? "%d" : "%d or %d", least, most);
        return fail(context, CLAE_ERROR_INPUT,
                    "the IDX file '%s' has elements of type %d and rank %zu: type %d and rank %s are needed", path,
                    *type, header->rank, UNSIGNED_BYTES, ranks);
    }
    const size_t needed = 4 * header->rank;
    status = byte_source_read(bytes, sizes, needed, &more);
    if (status != CLAE_OK) return status;
    if (got + more < START_BYTES + needed)
        return fail(context, CLAE_ERROR_INPUT, "the IDX file '%s' is cut off in its header, after %zu bytes of %zu",
                    path, got + more, START_BYTES + needed);
    for (size_t i = 0; i < header->rank; i++) header->shape[i] = big_endian(sizes + 4 * i, 4);
    return CLAE_OK;
}

/* EMNIST's files of images, which its authors made of MATLAB's matrices: columns come first. */
static bool idx_is_emnist(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strncasecmp(name, "emnist-", strlen("emnist-")) == 0 && strstr(name, "-images");
}

static clae_status idx_read(const image_file *file, clae_dataset_info *shape, void **elements) {
    image_file turned = *file;
    npy_header header;
    uint8_t type;
    const clae_status status = idx_read_header(file->context, file->bytes, file->path, 3, 4, &type, &header);
    if (status != CLAE_OK) return status;
    if (type != UNSIGNED_BYTES)
        return fail(file->context, CLAE_ERROR_INPUT, "the IDX file '%s' has elements of type %d: images have type %d",
                    file->path, type, UNSIGNED_BYTES);
    strcpy(header.type, "|u1");
    turned.has_columns_first = header.rank == 3 && idx_is_emnist(file->path);
    if (turned.has_columns_first)
        log_line(file->context, CLAE_LOG_INFO,
                 "'%s': EMNIST's images are stored with columns for rows; they are turned upright", file->path);
    return image_array_read(&turned, &header, shape, elements);
}

/* As NumPy calls them. */
static const struct {
    uint8_t number;
    const char *npy;
} integer_types[] = {{8, "|u1"}, {9, "|i1"}, {11, ">i2"}, {12, ">i4"}};

static clae_status idx_read_labels(const image_file *file, size_t n, dataset_labels *labels) {
    npy_header header;
    uint8_t type;
    if (file->is_of_images) return CLAE_OK;
    const clae_status status = idx_read_header(file->context, file->bytes, file->path, 1, 2, &type, &header);
    if (status != CLAE_OK) return status;
    for (size_t i = 0; i < ARRAY_LENGTH(integer_types); i++)
        if (integer_types[i].number == type) strcpy(header.type, integer_types[i].npy);
    return label_array_read(file, &header, n, MAX_LABEL_COLUMNS, labels);
}

const image_format image_format_idx = {
    .name = "IDX files of bytes",
    .suffixes = (const char *const[]){"-idx3-ubyte", ".idx3-ubyte", "-idx4-ubyte", ".idx4-ubyte", NULL},
    .is_a = idx_is_a,
    .read = idx_read,
    .read_labels = idx_read_labels,
};
