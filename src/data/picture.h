/* Pictures of any kind as pixels of one byte a channel: what a picture is, and its pixels in the size and the channels
 * that are asked for. The content says what a file is, never its name. */
#ifndef CLAE_DATA_PICTURE_H
#define CLAE_DATA_PICTURE_H

#include "base/context.h"

#include <clae/dataset.h>

typedef struct picture_form {
    size_t h, w; /* 0: the picture's own */
    size_t c;    /* 0: the picture's own, 1: grey, 3: RGB */
    clae_fit fit;
    uint8_t background[3]; /* RGB: what alpha and CLAE_FIT_CONTAIN show */
} picture_form;

typedef struct picture_info {
    const char *format; /* "PNG"; static */
    size_t h, w;        /* upright: after EXIF's orientation */
    size_t c;           /* 1 or 3: after palettes and alpha */
    size_t bits;        /* of a channel in the file; of a palette's colours */
    bool has_alpha;
} picture_info;

/* More pixels are refused. */
#define PICTURE_MAX_PIXELS ((size_t)1 << 28)
/* Bytes of a file's start from which picture_format_of knows it. */
#define PICTURE_START_BYTES 64

/* The functions below may be called from several threads at once, with one context: its log function must allow that.
 * `name` is for messages. CLAE_ERROR_INPUT with a line that names the file: it is no picture, damaged, cut off, too
 * large, or of a format that this clae cannot read. CLAE_ERROR_INTERNAL: memory was short. */

/* The name of the format that a file's first bytes show, "PNG", whether or not this clae can read it; NULL: they are no
 * picture's. */
const char *picture_format_of(const uint8_t *start, size_t bytes);

/* Reads no more than headers, where the format allows that. */
clae_status picture_inspect(const clae_context *context, const char *name, const uint8_t *bytes, size_t size,
                            picture_info *info);

/* Writes pixels[h][w][c] of the form, whose zeros are filled by the info's. A picture that has the size keeps its
 * pixels; others are resampled: each new pixel is the mean of the area that it covers, or, where it covers less than a
 * pixel, between its neighbours linearly. JPEGs are first made smaller by libjpeg, to a size that is not below. */
clae_status picture_decode(const clae_context *context, const char *name, const uint8_t *bytes, size_t size,
                           const picture_form *form, uint8_t *pixels);

#endif
