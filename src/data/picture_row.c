#include "data/picture_row.h"

#include <string.h>

uint8_t picture_luma(const uint8_t rgb[3]) {
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768) >> 16);
}

/* round((alpha * front + (255 - alpha) * back) / 255) */
static uint8_t blend(unsigned front, unsigned back, unsigned alpha) {
    return (uint8_t)((alpha * front + (255 - alpha) * back + 127) / 255);
}

static void row_from_grey(const uint8_t *from, size_t w, size_t c, uint8_t *to) {
    if (c == 1) memcpy(to, from, w);
    for (size_t x = 0; x < w && c == 3; x++) memset(to + 3 * x, from[x], 3);
}

static void row_from_rgb(const uint8_t *from, size_t w, size_t c, uint8_t *to) {
    if (c == 3) memcpy(to, from, 3 * w);
    for (size_t x = 0; x < w && c == 1; x++) to[x] = picture_luma(from + 3 * x);
}

static void row_from_grey_alpha(const uint8_t *from, size_t w, const picture_wish *wish, uint8_t *to) {
    const uint8_t grey = picture_luma(wish->background), *const back = wish->c == 1 ? &grey : wish->background;
    for (size_t x = 0; x < w; x++)
        for (size_t c = 0; c < wish->c; c++) *to++ = blend(from[2 * x], back[c], from[2 * x + 1]);
}

static void row_from_rgb_alpha(const uint8_t *from, size_t w, const picture_wish *wish, uint8_t *to) {
    for (size_t x = 0; x < w; x++, from += 4, to += wish->c) {
        uint8_t rgb[3];
        for (size_t c = 0; c < 3; c++) rgb[c] = blend(from[c], wish->background[c], from[3]);
        row_from_rgb(rgb, 1, wish->c, to);
    }
}

void picture_row_convert(const uint8_t *from, size_t w, size_t channels, const picture_wish *wish, uint8_t *to) {
    if (channels == 1) row_from_grey(from, w, wish->c, to);
    if (channels == 2) row_from_grey_alpha(from, w, wish, to);
    if (channels == 3) row_from_rgb(from, w, wish->c, to);
    if (channels == 4) row_from_rgb_alpha(from, w, wish, to);
}

void picture_row_from_cmyk(uint8_t *row, size_t w, uint8_t paper) {
    const uint8_t flip = paper == 0 ? 255 : 0;
    for (size_t x = 0; x < w; x++) {
        const unsigned light = row[4 * x + 3] ^ flip;
        for (size_t c = 0; c < 3; c++) row[3 * x + c] = (uint8_t)(((row[4 * x + c] ^ flip) * light + 127) / 255);
    }
}
