#include "data/npy_array.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/file_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they lie in the file");

#define ALIGNMENT_BYTES 64
#define MAX_FILE_BYTES ((size_t)(SIZE_MAX / 2 < (uint64_t)16 << 30 ? SIZE_MAX / 2 : (uint64_t)16 << 30))

static clae_status check_array(const clae_context *context, const char *path, const npy_array *array, size_t *bytes) {
    if (array->rank > NPY_MAX_RANK)
        return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': rank %zu, at most %d", path, array->rank,
                    NPY_MAX_RANK);
    if (!size_product(array->shape, array->rank, bytes) || !size_multiply(*bytes, sizeof(float), bytes))
        return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': its size overflows", path);
    return CLAE_OK;
}

clae_status npy_write(const clae_context *context, const char *path, const npy_array *array) {
    size_t bytes;
    clae_status status = check_array(context, path, array, &bytes);
    if (status != CLAE_OK) return status;

    char shape[NPY_MAX_RANK * 24] = "";
    size_t length = 0;
    for (size_t i = 0; i < array->rank; i++)
        length += (size_t)snprintf(shape + length, sizeof shape - length, "%zu,%s", array->shape[i],
                                   i + 1 < array->rank ? " " : "");
    if (array->rank > 1) shape[length - 1] = '\0'; /* only a tuple of one ends with a comma */

    char header[4 * ALIGNMENT_BYTES + sizeof shape];
    int used =
        snprintf(header, sizeof header, NPY_MAGIC "%c%c%c%c{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }",
                 1, 0, 0, 0, shape);
    size_t header_bytes = ((size_t)used + 1 + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    memset(header + used, ' ', header_bytes - (size_t)used);
    header[header_bytes - 1] = '\n';
    size_t dict_bytes = header_bytes - NPY_MAGIC_BYTES - 4;
    header[NPY_MAGIC_BYTES + 2] = (char)(dict_bytes & 255);
    header[NPY_MAGIC_BYTES + 3] = (char)(dict_bytes >> 8);
    const file_part parts[] = {{header, header_bytes}, {array->values, bytes}};
    return file_write_atomic(context, path, parts, ARRAY_LENGTH(parts));
}

/* The reason for which the header is not one of codes; NULL when it is. */
static const char *npy_check_type(const npy_header *header) {
    if (strcmp(header->type, "<f4") != 0) return "its elements are not little-endian 32-bit floats ('<f4')";
    return header->is_fortran ? "it is in Fortran order; C order is needed" : NULL;
}

/* *start: where the values begin. */
static const char *parse_file(const uint8_t *data, size_t bytes, npy_array *array, size_t *start) {
    npy_header header = {0};
    size_t dict = 0, dict_bytes = 0, value_bytes;
    const char *reason = npy_parse_prefix(data, bytes, &dict, &dict_bytes);
    if (reason) return reason;
    if (dict_bytes > bytes - dict) return "it is cut off in its header";
    reason = npy_parse_dict((const char *)data + dict, dict_bytes, &header);
    if (!reason) reason = npy_check_type(&header);
    if (reason) return reason;
    array->rank = header.rank;
    memcpy(array->shape, header.shape, sizeof header.shape);
    *start = dict + dict_bytes;
    if (!size_product(array->shape, array->rank, &value_bytes) ||
        !size_multiply(value_bytes, sizeof(float), &value_bytes))
        return "the product of its sizes overflows";
    if (value_bytes > bytes - *start) return "it is shorter than its shape says";
    if (value_bytes < bytes - *start) return "it is longer than its shape says";
    return NULL;
}

static clae_status npy_refuse(const clae_context *context, const char *path, const uint8_t *data, size_t bytes,
                              const char *reason) {
    const file_kind kind = npy_is_npy(data, bytes) ? (file_kind){NULL, NULL} : file_kind_of(data, bytes);
    if (!kind.what) return fail(context, CLAE_ERROR_INPUT, "cannot use the .npy file '%s': %s", path, reason);
    return fail(context, CLAE_ERROR_INPUT, "'%s' is no .npy file, it is %s: %s", path, kind.what,
                kind.advice ? kind.advice : "save an array of float32 by numpy.save");
}

/* Names the first value that is not finite by its place: "[3, 0]". */
static clae_status npy_check_finite(const clae_context *context, const char *path, const npy_array *array,
                                    size_t count) {
    char place[NPY_MAX_RANK * 24] = "";
    size_t first = 0, used = 0, stride = count;
    while (first < count && isfinite(array->values[first])) first++;
    if (first == count) return CLAE_OK;
    for (size_t i = 0, rest = first; i < array->rank; i++) {
        stride /= array->shape[i];
        used += (size_t)snprintf(place + used, sizeof place - used, "%s%zu", i ? ", " : "", rest / stride);
        rest %= stride;
    }
    return fail(context, CLAE_ERROR_INPUT, "cannot use the .npy file '%s': its value at [%s] is %s", path, place,
                isnan(array->values[first]) ? "not a number" : "infinite");
}

clae_status npy_read(const clae_context *context, const char *path, npy_array *array) {
    memset(array, 0, sizeof *array);
    uint8_t *data;
    size_t bytes, start = 0;
    clae_status status = file_read(context, path, ".npy file", MAX_FILE_BYTES, &data, &bytes);
    if (status != CLAE_OK) return status;
    const char *reason = parse_file(data, bytes, array, &start);
    if (reason) {
        status = npy_refuse(context, path, data, bytes, reason);
        memset(array, 0, sizeof *array);
        free(data);
        return status;
    }
    /* The values move to the block's start, where they are aligned, and take the block over. */
    memmove(data, data + start, bytes - start);
    array->values = (float *)(void *)data;
    status = npy_check_finite(context, path, array, (bytes - start) / sizeof(float));
    if (status != CLAE_OK) {
        free(data);
        memset(array, 0, sizeof *array);
    }
    return status;
}
