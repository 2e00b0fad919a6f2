#include "data/picture.h"

#include "base/memory.h"

#include <string.h>

typedef struct format_start {
    const char *name, *bytes;
    size_t length, offset;
} format_start;

#define START(name, text)                                                                                              \
    { name, text, sizeof(text) - 1, 0 }
#define BRAND(name, text)                                                                                              \
    { name, "ftyp" text, sizeof("ftyp" text) - 1, 4 }

static const format_start starts[] = {
    START("PNG", "\x89PNG\r\n\x1a\n"),
    START("JPEG", "\xff\xd8\xff"),
    START("GIF", "GIF87a"),
    START("GIF", "GIF89a"),
    START("TIFF", "II*\0"),
    START("TIFF", "MM\0*"),
    START("TIFF", "II+\0\x8\0\0\0"),
    START("TIFF", "MM\0+\0\x8\0\0"),
    {"WebP", "WEBP", 4, 8},
    BRAND("AVIF", "avif"),
    BRAND("AVIF", "avis"),
    BRAND("HEIF", "heic"),
    BRAND("HEIF", "heix"),
    BRAND("HEIF", "mif1"),
    BRAND("HEIF", "msf1"),
    START("JPEG 2000", "\0\0\0\xcjP  \r\n\x87\n"),
    START("JPEG 2000", "\xff\x4f\xff\x51"),
    START("JPEG XL", "\0\0\0\xcJXL \r\n\x87\n"),
    START("JPEG XL", "\xff\x0a"),
};

/* Two letters alone begin many a text: what follows them must be a header's. */
static bool is_bmp(const uint8_t *start, size_t bytes) {
    return bytes >= 10 && memcmp(start, "BM", 2) == 0 && memcmp(start + 6, "\0\0\0\0", 4) == 0;
}

static bool is_pnm(const uint8_t *start, size_t bytes) {
    size_t at = 2;
    if (bytes < 4 || start[0] != 'P' || start[1] < '1' || start[1] > '6') return false;
    while (at < bytes && (start[at] == ' ' || start[at] == '\n' || start[at] == '\r' || start[at] == '\t')) at++;
    return at > 2 && at < bytes && (start[at] == '#' || (start[at] >= '0' && start[at] <= '9'));
}

const char *picture_format_of(const uint8_t *start, size_t bytes) {
    for (size_t i = 0; i < ARRAY_LENGTH(starts); i++) {
        const format_start *s = &starts[i];
        if (s->offset + s->length <= bytes && memcmp(start + s->offset, s->bytes, s->length) == 0) return s->name;
    }
    return is_bmp(start, bytes) ? "BMP" : is_pnm(start, bytes) ? "PNM" : NULL;
}
