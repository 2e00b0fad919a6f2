#include "data/npy_header.h"

#include "base/memory.h"

#include <string.h>

/* The header's text: a Python dictionary. */
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

static bool parse_shape(cursor *c, npy_header *header) {
    if (!accept(c, "(")) return false;
    header->rank = 0;
    bool has_comma = false;
    while (!accept(c, ")")) {
        if (header->rank > 0 && !has_comma) return false;
        if (header->rank == NPY_MAX_RANK || !parse_size(c, &header->shape[header->rank])) return false;
        header->rank++;
        has_comma = accept(c, ",");
    }
    return header->rank != 1 || has_comma;
}

/* The reason for which the value of `key` cannot be taken; NULL when it can. */
static const char *parse_value(cursor *c, const char *key, npy_header *header, unsigned *seen) {
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    size_t index = 0;
    while (index < ARRAY_LENGTH(keys) && strcmp(key, keys[index]) != 0) index++;
    if (index == ARRAY_LENGTH(keys)) return "its header has an unknown key";
    if (*seen & 1u << index) return "its header has a key twice";
    *seen |= 1u << index;
    if (index == 0) {
        if (!parse_string(c, header->type, sizeof header->type)) return "its elements are of no simple type";
    } else if (index == 1) {
        header->is_fortran = accept(c, "True");
        if (!header->is_fortran && !accept(c, "False")) return "its fortran_order is neither True nor False";
    } else if (!parse_shape(c, header)) {
        return "its shape is no tuple of at most 8 sizes";
    }
    return NULL;
}

const char *npy_parse_dict(const char *text, size_t bytes, npy_header *header) {
    cursor c = {text, text + bytes};
    unsigned seen = 0;
    if (!accept(&c, "{")) return "its header is no dictionary";
    while (!accept(&c, "}")) {
        char key[16];
        if (!parse_string(&c, key, sizeof key) || !accept(&c, ":")) return "its header is no dictionary";
        const char *reason = parse_value(&c, key, header, &seen);
        if (reason) return reason;
        if (accept(&c, ",")) continue;
        if (accept(&c, "}")) break;
        return "its header is no dictionary";
    }
    skip_spaces(&c);
    if (c.p != c.end) return "its header goes on after the dictionary";
    return seen == 7 ? NULL : "its header lacks one of descr, fortran_order and shape";
}

bool npy_is_npy(const uint8_t *start, size_t bytes) {
    return bytes >= NPY_MAGIC_BYTES + 2 && memcmp(start, NPY_MAGIC, NPY_MAGIC_BYTES) == 0;
}

const char *npy_parse_prefix(const uint8_t *start, size_t bytes, size_t *dict, size_t *dict_bytes) {
    if (!npy_is_npy(start, bytes)) return "it does not begin as one";
    const unsigned version = start[NPY_MAGIC_BYTES];
    if ((version != 1 && version != 2) || start[NPY_MAGIC_BYTES + 1] != 0) return "its version is neither 1.0 nor 2.0";
    *dict = NPY_MAGIC_BYTES + (version == 1 ? 4 : 6);
    if (bytes < *dict) return "it is cut off in its header";
    *dict_bytes = 0;
    for (size_t i = *dict; i-- > NPY_MAGIC_BYTES + 2;) *dict_bytes = *dict_bytes << 8 | start[i];
    return *dict_bytes > NPY_MAX_HEADER_BYTES ? "its header is longer than 65536 bytes" : NULL;
}
