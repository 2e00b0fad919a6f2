#include "data/picture_orientation.h"

#include <stdlib.h>
#include <string.h>

#define UPRIGHT 1
#define TAG_ORIENTATION 0x0112
#define TYPE_SHORT 3
#define ENTRY_BYTES 12

static unsigned exif_number(const uint8_t *at, size_t bytes, bool is_big_endian) {
    unsigned number = 0;
    for (size_t i = 0; i < bytes; i++) number = number << 8 | at[is_big_endian ? i : bytes - 1 - i];
    return number;
}

/* The tag is in the first directory, whose place is at byte 4. */
unsigned picture_orientation_read(const uint8_t *exif, size_t bytes) {
    if (bytes < 8 || (memcmp(exif, "II*\0", 4) != 0 && memcmp(exif, "MM\0*", 4) != 0)) return UPRIGHT;
    const bool is_big_endian = exif[0] == 'M';
    size_t at = exif_number(exif + 4, 4, is_big_endian);
    if (at > bytes || bytes - at < 2) return UPRIGHT;
    const unsigned entries = exif_number(exif + at, 2, is_big_endian);
    at += 2;
    for (unsigned i = 0; i < entries && bytes - at >= ENTRY_BYTES; i++, at += ENTRY_BYTES) {
        const uint8_t *entry = exif + at;
        if (exif_number(entry, 2, is_big_endian) != TAG_ORIENTATION) continue;
        const unsigned value = exif_number(entry + 8, 2, is_big_endian);
        return exif_number(entry + 2, 2, is_big_endian) == TYPE_SHORT && value >= 1 && value <= 8 ? value : UPRIGHT;
    }
    return UPRIGHT;
}

bool picture_orientation_swaps(unsigned orientation) {
    return orientation >= 5;
}

/* By orientation - 1. Rows and columns change places first, then the upright picture is read from its right or from its
 * lower end. */
static const struct {
    bool swaps, from_right, from_bottom;
} turns[] = {{false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
             {true, false, false},  {true, true, false},  {true, true, true},  {true, false, true}};

clae_status picture_orientation_apply(const picture_file *file, unsigned orientation, picture_raster *raster) {
    if (orientation == UPRIGHT) return CLAE_OK;
    const bool swaps = turns[orientation - 1].swaps, from_right = turns[orientation - 1].from_right;
    const bool from_bottom = turns[orientation - 1].from_bottom;
    const size_t c = raster->c;
    picture_raster upright = {.h = swaps ? raster->w : raster->h, .w = swaps ? raster->h : raster->w, .c = c};
    const clae_status status = picture_raster_create(file, &upright);
    if (status != CLAE_OK) return status;
    upright.content_h = swaps ? raster->content_w : raster->content_h;
    upright.content_w = swaps ? raster->content_h : raster->content_w;
    if (from_bottom) upright.top = (double)upright.h - upright.content_h;
    if (from_right) upright.left = (double)upright.w - upright.content_w;
    uint8_t *to = upright.pixels;
    for (size_t y = 0; y < upright.h; y++)
        for (size_t x = 0; x < upright.w; x++, to += c) {
            const size_t row = from_bottom ? upright.h - 1 - y : y, column = from_right ? upright.w - 1 - x : x;
            memcpy(to, raster->pixels + (swaps ? column * raster->w + row : row * raster->w + column) * c, c);
        }
    free(raster->pixels);
    *raster = upright;
    return CLAE_OK;
}
