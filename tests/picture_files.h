/* Small PNG and JPEG files in memory for the tests of pictures. */
#ifndef CLAE_TESTS_PICTURE_FILES_H
#define CLAE_TESTS_PICTURE_FILES_H

#include "data_support.h"

#include <png.h>
#include <stdbool.h>
#include <zlib.h>

#include <jpeglib.h>

#define PICTURE_FILE_BYTES ((size_t)1 << 20)

typedef struct picture_bytes {
    uint8_t *data; /* PICTURE_FILE_BYTES */
    size_t size;
} picture_bytes;

typedef struct png_kind {
    size_t h, w;
    int bits, colour; /* of libpng: PNG_COLOR_TYPE_ */
    bool is_interlaced;
    png_const_colorp palette; /* 2^bits colours */
    png_const_bytep alphas;   /* of the palette; NULL: none */
    png_const_color_16p transparent;
} png_kind;

static inline picture_bytes picture_bytes_new(void) {
    picture_bytes bytes = {malloc(PICTURE_FILE_BYTES), 0};
    assert_non_null(bytes.data);
    return bytes;
}

static inline void picture_bytes_add(picture_bytes *bytes, const void *data, size_t size) {
    assert_true(bytes->size + size <= PICTURE_FILE_BYTES);
    memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static inline void png_to_bytes(png_structp png, png_bytep data, size_t size) {
    picture_bytes_add(png_get_io_ptr(png), data, size);
}

static inline void png_flush_bytes(png_structp png) {
    (void)png;
}

/* samples[h][w][channels]: 16 bits each, whatever the kind has; of a palette the index. */
static inline picture_bytes make_png(const png_kind *kind, const uint16_t *samples) {
    picture_bytes bytes = picture_bytes_new();
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &bytes, png_to_bytes, png_flush_bytes);
    png_set_IHDR(png, info, (png_uint_32)kind->w, (png_uint_32)kind->h, kind->bits, kind->colour,
                 kind->is_interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    if (kind->palette) png_set_PLTE(png, info, kind->palette, 1 << kind->bits);
    if (kind->alphas) png_set_tRNS(png, info, kind->alphas, 1 << kind->bits, NULL);
    if (kind->transparent) png_set_tRNS(png, info, NULL, 0, kind->transparent);
    png_write_info(png, info);
    png_set_packing(png);
    const int passes = png_set_interlace_handling(png);
    const size_t count = kind->w * png_get_channels(png, info);
    uint8_t *row = malloc(2 * count);
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < kind->h; y++) {
            for (size_t i = 0; i < count; i++) {
                const uint16_t sample = samples[y * count + i];
                if (kind->bits == 16) {
                    row[2 * i] = (uint8_t)(sample >> 8);
                    row[2 * i + 1] = (uint8_t)sample;
                } else {
                    row[i] = (uint8_t)sample;
                }
            }
            png_write_row(png, row);
        }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(row);
    return bytes;
}

/* Puts a chunk behind the first one, IHDR, or before the last one, IEND. */
static inline void insert_chunk(picture_bytes *png, const char *type, const void *data, size_t size, bool at_end) {
    uint8_t chunk[256];
    const size_t at = at_end ? png->size - 12 : 33;
    assert_true(size + 12 <= sizeof chunk && png->size + size + 12 <= PICTURE_FILE_BYTES);
    png_save_uint_32(chunk, (png_uint_32)size);
    memcpy(chunk + 4, type, 4);
    memcpy(chunk + 8, data, size);
    png_save_uint_32(chunk + 8 + size, (png_uint_32)crc32(crc32(0, NULL, 0), chunk + 4, (uInt)size + 4));
    memmove(png->data + at + size + 12, png->data + at, png->size - at);
    memcpy(png->data + at, chunk, size + 12);
    png->size += size + 12;
}

typedef struct jpeg_kind {
    size_t h, w;
    J_COLOR_SPACE given, stored;
    int quality;
    bool is_progressive, is_subsampled, is_without_adobe;
    const uint8_t *exif; /* with "Exif" before it */
    size_t exif_bytes;
} jpeg_kind;

/* pixels[h][w][channels of `given`] */
static inline picture_bytes make_jpeg(const jpeg_kind *kind, const uint8_t *pixels) {
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors;
    picture_bytes bytes = picture_bytes_new();
    uint8_t *data = NULL;
    unsigned long size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = (JDIMENSION)kind->w;
    jpeg.image_height = (JDIMENSION)kind->h;
    jpeg.input_components = kind->given == JCS_GRAYSCALE ? 1 : kind->given == JCS_CMYK ? 4 : 3;
    jpeg.in_color_space = kind->given;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->stored);
    jpeg_set_quality(&jpeg, kind->quality, TRUE);
    for (int i = 0; i < jpeg.num_components && !kind->is_subsampled; i++)
        jpeg.comp_info[i].h_samp_factor = jpeg.comp_info[i].v_samp_factor = 1;
    if (kind->is_without_adobe) jpeg.write_Adobe_marker = FALSE;
    if (kind->is_progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->exif) jpeg_write_marker(&jpeg, JPEG_APP0 + 1, kind->exif, (unsigned)kind->exif_bytes);
    while (jpeg.next_scanline < kind->h) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + jpeg.next_scanline * kind->w * (size_t)jpeg.input_components);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    picture_bytes_add(&bytes, data, size);
    free(data);
    return bytes;
}

#endif
