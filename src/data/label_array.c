#include "data/label_array.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LABEL 65535

/* Bytes of an integer type, "|u1" or "<i8"; 0 for others. */
static size_t label_bytes(const char *type) {
    const bool is_integer = strlen(type) == 3 && strchr("|<>", type[0]) && strchr("iu", type[1]);
    return is_integer && strchr("1248", type[2]) ? (size_t)(type[2] - '0') : 0;
}

/* As bits of its type: those of a negative number are larger than any label. */
static uint64_t label_value(const npy_header *header, const uint8_t *element, size_t bytes) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) value = value << 8 | element[header->type[0] == '>' ? i : bytes - 1 - i];
    const bool is_negative = header->type[1] == 'i' && value >> (8 * bytes - 1);
    return is_negative ? UINT64_MAX : value;
}

static clae_status label_array_take(const image_file *file, const npy_header *header, const uint8_t *values, size_t n,
                                    dataset_labels *labels) {
    const size_t bytes = label_bytes(header->type), columns = header->rank == 2 ? header->shape[1] : 1;
    const size_t step = bytes * (header->is_fortran ? 1 : columns);
    labels->of_image = malloc(n * sizeof *labels->of_image);
    if (!labels->of_image) return fail_memory(file->context, n * sizeof *labels->of_image, "labels");
    for (size_t i = 0; i < n; i++) {
        const uint64_t label = label_value(header, values + i * step, bytes);
        const bool is_label = label <= MAX_LABEL;
        labels->of_image[i] = is_label ? (uint32_t)label : CLAE_NO_LABEL;
        if (is_label && label >= labels->count) labels->count = (size_t)label + 1;
    }
    return CLAE_OK;
}

static clae_status label_array_check(const image_file *file, const npy_header *header, size_t n, size_t most_columns) {
    if (!label_bytes(header->type) || header->rank < 1 || header->rank > 2 ||
        (header->rank == 2 && (header->shape[1] < 1 || header->shape[1] > most_columns)))
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' holds no labels: they are integers, one for each image, in an array (images) or (images, 1)",
                    file->path);
    if (header->shape[0] == n) return CLAE_OK;
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' holds %zu labels, and there are %zu images", file->path,
                header->shape[0], n);
}

clae_status label_array_read(const image_file *file, const npy_header *header, size_t n, size_t most_columns,
                             dataset_labels *labels) {
    const size_t columns = header->rank == 2 ? header->shape[1] : 1;
    uint8_t *values = NULL;
    clae_status status = label_array_check(file, header, n, most_columns);
    if (status == CLAE_OK)
        status = byte_source_read_rest(file->bytes, n * columns * label_bytes(header->type), &values);
    if (status == CLAE_OK) status = label_array_take(file, header, values, n, labels);
    free(values);
    return status;
}
