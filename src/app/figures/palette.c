#include "app/figures/palette.h"

#include "base/memory.h"

static canvas_color from_hex(unsigned rgb) {
    return (canvas_color){(rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0};
}

canvas_color palette_series(size_t index) {
    /* Paul Tol's "bright" scheme, without its yellow, which is too light on paper. */
    static const unsigned colors[] = {0x4477aa, 0xee6677, 0x228833, 0xaa3377, 0x66ccee, 0x555555};
    return from_hex(colors[index % ARRAY_LENGTH(colors)]);
}

canvas_color palette_scale(double value) {
    /* Viridis (van der Walt and Smith) at steps of 1/16 up to 15/16: the lightest end would fade on paper. */
    static const unsigned colors[] = {0x440154, 0x481a6c, 0x472f7d, 0x414487, 0x39568c, 0x31688e, 0x2a788e, 0x23888e,
                                      0x1f988b, 0x22a884, 0x35b779, 0x54c568, 0x7ad151, 0xa5db36, 0xd2e21b};
    size_t last = ARRAY_LENGTH(colors) - 1;
    double place = value > 0 ? (value < 1 ? value * (double)last : (double)last) : 0;
    size_t index = place < (double)last ? (size_t)place : last - 1;
    double share = place - (double)index;
    canvas_color a = from_hex(colors[index]), b = from_hex(colors[index + 1]);
    return (canvas_color){a.red + share * (b.red - a.red), a.green + share * (b.green - a.green),
                          a.blue + share * (b.blue - a.blue)};
}
