#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_BYTES 4 /* of \xNN */
#define MARK '\x1a'
#define MARKED_BYTES 3

static const char hex_digits[] = "0123456789abcdef";

static bool continues(uint8_t byte) {
    return (byte & 0xc0) == 0x80;
}

/* The bytes of the UTF-8 character at p, 0 where there is none: overlong forms and surrogates are not UTF-8. */
static size_t character_bytes(const uint8_t *p) {
    if (p[0] < 0x80) return 1;
    if (p[0] < 0xc2 || p[0] > 0xf4 || !continues(p[1])) return 0;
    if (p[0] < 0xe0) return 2;
    if (!continues(p[2])) return 0;
    if (p[0] < 0xf0) return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
    if (!continues(p[3]) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) return 0;
    return 4;
}

static bool is_control(const uint8_t *p) {
    return p[0] < 0x20 || p[0] == 0x7f || (p[0] == 0xc2 && p[1] < 0xa0);
}

void text_tidy(char *to, size_t size, const char *from) {
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    size_t length = 0;
    for (const uint8_t *p = (const uint8_t *)from; *p;) {
        size_t bytes = character_bytes(p);
        bool blank = bytes > 0 && (*p == ' ' || is_control(p));
        const void *piece = !bytes ? (const void *)replacement : blank ? " " : (const void *)p;
        size_t piece_bytes = !bytes ? sizeof replacement - 1 : blank ? 1 : bytes;
        p += bytes ? bytes : 1;
        if (blank && (length == 0 || to[length - 1] == ' ')) continue;
        if (length + piece_bytes >= size) break;
        memcpy(to + length, piece, piece_bytes);
        length += piece_bytes;
    }
    while (length > 0 && to[length - 1] == ' ') --length;
    to[length] = '\0';
}

static void put(char *out, size_t size, size_t at, const void *piece, size_t bytes, size_t *end) {
    if (at + bytes >= size || *end != at) return;
    memcpy(out + at, piece, bytes);
    *end = at + bytes;
}

size_t text_sanitise(const char *text, char *out, size_t size) {
    size_t length = 0, end = 0;
    for (const uint8_t *p = (const uint8_t *)text; *p;) {
        size_t bytes = character_bytes(p);
        if (bytes > 0 && !is_control(p)) {
            put(out, size, length, p, bytes, &end);
            length += bytes;
            p += bytes;
            continue;
        }
        for (size_t i = 0; i < (bytes ? bytes : 1); i++, p++) {
            const char escape[ESCAPE_BYTES] = {'\\', 'x', hex_digits[*p >> 4], hex_digits[*p & 15]};
            put(out, size, length, escape, ESCAPE_BYTES, &end);
            length += ESCAPE_BYTES;
        }
    }
    if (size > 0) out[end] = '\0';
    return length;
}

char *text_sanitised(const char *text) {
    size_t size = text_sanitise(text, NULL, 0) + 1;
    char *out = malloc(size);
    if (out) text_sanitise(text, out, size);
    return out;
}

char *text_encode(const char *bytes) {
    char *text = malloc(MARKED_BYTES * strlen(bytes) + 1), *end = text;
    if (!text) return NULL;
    for (const uint8_t *p = (const uint8_t *)bytes; *p;) {
        size_t length = *p == MARK ? 0 : character_bytes(p);
        if (length > 0) {
            memcpy(end, p, length);
            end += length;
            p += length;
            continue;
        }
        *end++ = MARK;
        *end++ = hex_digits[*p >> 4];
        *end++ = hex_digits[*p++ & 15];
    }
    *end = '\0';
    return text;
}

static int hex_value(char digit) {
    const char *at = digit ? strchr(hex_digits, digit) : NULL;
    return at ? (int)(at - hex_digits) : -1;
}

void text_decode(char *text) {
    char *end = text;
    for (const char *p = text; *p; p++) {
        int high = *p == MARK ? hex_value(p[1]) : -1, low = high < 0 ? -1 : hex_value(p[2]);
        /* No byte of a path is zero. */
        if (low < 0 || 16 * high + low == 0) {
            *end++ = *p;
        } else {
            *end++ = (char)(16 * high + low);
            p += MARKED_BYTES - 1;
        }
    }
    *end = '\0';
}
