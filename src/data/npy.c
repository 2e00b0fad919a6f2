#include "data/npy.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/file_kind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are copied as they lie in the file");

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define ALIGNMENT_BYTES 64
#define MAX_HEADER_BYTES 65536
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
    int used = snprintf(header, sizeof header,
                        MAGIC "%c%c%c%c{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }", 1, 0, 0, 0, shape);
    size_t header_bytes = ((size_t)used + 1 + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES * ALIGNMENT_BYTES;
    memset(header + used, ' ', header_bytes - (size_t)used);
    header[header_bytes - 1] = '\n';
    size_t dict_bytes = header_bytes - MAGIC_BYTES - 4;
    header[MAGIC_BYTES + 2] = (char)(dict_bytes & 255);
    header[MAGIC_BYTES + 3] = (char)(dict_bytes >> 8);
    const file_part parts[] = {{header, header_bytes}, {array->values, bytes}};
    return file_write_atomic(context, path, parts, ARRAY_LENGTH(parts));
}

/* The header's text: a Python dictionary. It is followed by a zero byte at `end`, or by data. */
typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_spaces(cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t')) c->p++;
}

static bool accept(cursor *c, const char *token) {
    skip_spaces(c);
    size_t length = strlen(token);
    if ((size_t)(c->end - c->p) < length || memcmp(c->p, token, length) != 0) return false;
    c->p += length;
    return true;
}

static bool parse_string(cursor *c, char *text, size_t capacity) {
    const char *quote = accept(c, "'") ? "'" : accept(c, "\"") ? "\"" : NULL;
    if (!quote) return false;
    const char *close = memchr(c->p, *quote, (size_t)(c->end - c->p));
    if (!close || (size_t)(close - c->p) >= capacity) return false;
    memcpy(text, c->p, (size_t)(close - c->p));
    text[close - c->p] = '\0';
    c->p = close + 1;
    return true;
}

static bool parse_size(cursor *c, size_t *value) {
    skip_spaces(c);
    const char *start = c->p;
    *value = 0;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
        if (!size_multiply(*value, 10, value) || __builtin_add_overflow(*value, (size_t)(*c->p - '0'), value))
            return false;
    return c->p > start;
}

static bool parse_shape(cursor *c, npy_array *array) {
    if (!accept(c, "(")) return false;
    array->rank = 0;
    bool has_comma = false;
    while (!accept(c, ")")) {
        if (array->rank > 0 && !has_comma) return false;
        if (array->rank == NPY_MAX_RANK || !parse_size(c, &array->shape[array->rank])) return false;
        array->rank++;
        has_comma = accept(c, ",");
    }
    return array->rank != 1 || has_comma;
}

/* The reason for which the value of `key` cannot be taken; NULL when it can. */
static const char *parse_value(cursor *c, const char *key, npy_array *array, unsigned *seen) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    size_t index = 0;
    while (index < ARRAY_LENGTH(keys) && strcmp(key, keys[index]) != 0) index++;
    if (index == ARRAY_LENGTH(keys)) return "its header has an unknown key";
    if (*seen & 1u << index) return "its header has a key twice";
    *seen |= 1u << index;
    if (index == 0) {
        char descr[16];
        if (!parse_string(c, descr, sizeof descr) || strcmp(descr, "<f4") != 0)
            return "its elements are not little-endian 32-bit floats ('<f4')";
    } else if (index == 1) {
        if (accept(c, "True")) return "it is in Fortran order; C order is needed";
        if (!accept(c, "False")) return "its fortran_order is neither True nor False";
    } else if (!parse_shape(c, array)) {
        return "its shape is no tuple of at most 8 sizes";
    }
    return NULL;
}

static const char *parse_dict(const char *text, size_t bytes, npy_array *array) {
    cursor c = {text, text + bytes};
    unsigned seen = 0;
    if (!accept(&c, "{")) return "its header is no dictionary";
    while (!accept(&c, "}")) {
        char key[16];
        if (!parse_string(&c, key, sizeof key) || !accept(&c, ":")) return "its header is no dictionary";
        const char *reason = parse_value(&c, key, array, &seen);
        if (reason) return reason;
        if (accept(&c, ",")) continue;
        if (accept(&c, "}")) break;
        return "its header is no dictionary";
    }
    skip_spaces(&c);
    if (c.p != c.end) return "its header goes on after the dictionary";
    return seen == 7 ? NULL : "its header lacks one of descr, fortran_order and shape";
}

static bool is_npy(const uint8_t *data, size_t bytes) {
    return bytes >= MAGIC_BYTES + 2 && memcmp(data, MAGIC, MAGIC_BYTES) == 0;
}

/* *start: where the values begin. */
static const char *parse_file(const uint8_t *data, size_t bytes, npy_array *array, size_t *start) {
    if (!is_npy(data, bytes)) return "it does not begin as one";
    unsigned version = data[MAGIC_BYTES];
    if ((version != 1 && version != 2) || data[MAGIC_BYTES + 1] != 0) return "its version is neither 1.0 nor 2.0";
    size_t dict = MAGIC_BYTES + (version == 1 ? 4 : 6);
    if (bytes < dict) return "it is cut off in its header";
    size_t dict_bytes = 0;
    for (size_t i = dict; i-- > MAGIC_BYTES + 2;) dict_bytes = dict_bytes << 8 | data[i];
    if (dict_bytes > MAX_HEADER_BYTES) return "its header is longer than 65536 bytes";
    if (dict_bytes > bytes - dict) return "it is cut off in its header";
    const char *reason = parse_dict((const char *)data + dict, dict_bytes, array);
    if (reason) return reason;
    *start = dict + dict_bytes;
    size_t value_bytes;
    if (!size_product(array->shape, array->rank, &value_bytes) ||
        !size_multiply(value_bytes, sizeof(float), &value_bytes))
        return "the product of its sizes overflows";
    if (value_bytes > bytes - *start) return "it is shorter than its shape says";
    if (value_bytes < bytes - *start) return "it is longer than its shape says";
    return NULL;
}

static clae_status npy_refuse(const clae_context *context, const char *path, const uint8_t *data, size_t bytes,
                              const char *reason) {
    const file_kind kind = is_npy(data, bytes) ? (file_kind){NULL, NULL} : file_kind_of(data, bytes);
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
