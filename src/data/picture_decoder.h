/* What decodes pictures. A line of pictures.def names one: DECODER(name) is picture_decoder_name, in picture_name.c. */
#ifndef CLAE_DATA_PICTURE_DECODER_H
#define CLAE_DATA_PICTURE_DECODER_H

#include "data/picture.h"

typedef struct picture_file {
    const clae_context *context;
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
} picture_file;

typedef struct picture_header {
    picture_info info;    /* h and w as they are stored */
    unsigned orientation; /* EXIF's, 1 to 8 */
} picture_header;

typedef struct picture_raster {
    size_t h, w, c;
    /* Where in it the picture lies: that of 500 columns that was made smaller by 8 has 62.5 of 63. */
    double top, left, content_h, content_w;
    uint8_t *pixels; /* [h][w][c]; freed by the caller, after a failure too */
} picture_raster;

typedef struct picture_wish {
    size_t c;                  /* 1 or 3 */
    const uint8_t *background; /* RGB */
    double scale;              /* of height and width each, at least, if the decoder can make the picture smaller */
} picture_wish;

typedef struct picture_decoder {
    /* Whether a file is the decoder's, by its first bytes. */
    bool (*is_a)(const uint8_t *start, size_t bytes);
    /* picture_check_size has been called when they return CLAE_OK, and before they allocate pixels. */
    clae_status (*inspect)(const picture_file *file, picture_header *header);
    clae_status (*decode)(const picture_file *file, const picture_wish *wish, picture_raster *raster);
} picture_decoder;

/* Refuses pictures without pixels, those with too many, and those that promise more than so few bytes can hold. */
clae_status picture_check_size(const picture_file *file, size_t h, size_t w);

/* Allocates the pixels of a raster whose size is set; the picture fills it. */
clae_status picture_raster_create(const picture_file *file, picture_raster *raster);

/* One line for a file that ends too early, and one for what a library says of it. */
clae_status picture_fail_cut_off(const picture_file *file, const char *format);
clae_status picture_fail_damaged(const picture_file *file, const char *format, const char *reason);

#endif
