/* NumPy's files of one array. */
#include "data/image_array.h"
#include "data/label_array.h"

#include <stdlib.h>

static clae_status npy_fail(const image_file *file, const char *reason) {
    return fail(file->context, CLAE_ERROR_INPUT, "cannot read images from the .npy file '%s': %s", file->path, reason);
}

static clae_status npy_read_header(const image_file *file, npy_header *header) {
    uint8_t prefix[NPY_PREFIX_BYTES] = {0};
    /* Version 1.0 has two bytes less before its dictionary. */
    const size_t first = NPY_PREFIX_BYTES - 2;
    size_t got = 0, more = 0, dict = 0, dict_bytes = 0;
    clae_status status = byte_source_read(file->bytes, prefix, first, &got);
    if (status == CLAE_OK && prefix[NPY_MAGIC_BYTES] == 2)
        status = byte_source_read(file->bytes, prefix + got, sizeof prefix - got, &more);
    if (status != CLAE_OK) return status;
    const char *reason = npy_parse_prefix(prefix, got + more, &dict, &dict_bytes);
    if (reason) return npy_fail(file, reason);
    char *text = malloc(dict_bytes + 1);
    if (!text) return fail_memory(file->context, dict_bytes + 1, file->path);
    status = byte_source_read(file->bytes, text, dict_bytes, &got);
    if (status == CLAE_OK) {
        reason = got < dict_bytes ? "it is cut off in its header" : npy_parse_dict(text, dict_bytes, header);
        if (reason) status = npy_fail(file, reason);
    }
    free(text);
    return status;
}

static clae_status npy_read_images(const image_file *file, clae_dataset_info *shape, void **elements) {
    npy_header header = {0};
    const clae_status status = npy_read_header(file, &header);
    return status == CLAE_OK ? image_array_read(file, &header, shape, elements) : status;
}

static clae_status npy_read_labels(const image_file *file, size_t n, dataset_labels *labels) {
    npy_header header = {0};
    if (file->is_of_images) return CLAE_OK;
    const clae_status status = npy_read_header(file, &header);
    return status == CLAE_OK ? label_array_read(file, &header, n, 1, labels) : status;
}

const image_format image_format_npy = {
    .name = "NumPy arrays (.npy)",
    .suffixes = (const char *const[]){".npy", NULL},
    .is_a = npy_is_npy,
    .read = npy_read_images,
    .read_labels = npy_read_labels,
};
