/* Small pictures in files, for tests. */
#ifndef CLAE_TESTS_PICTURE_SUPPORT_H
#define CLAE_TESTS_PICTURE_SUPPORT_H

#include <png.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A PNG of w x h pixels of `value` in grey, or in red with nothing of green and blue; the path's folder is there. */
static inline int write_png(const char *path, unsigned h, unsigned w, int value, int has_colours) {
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .height = h,
                       .width = w,
                       .format = has_colours ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY};
    const size_t channels = has_colours ? 3 : 1;
    uint8_t *pixels = calloc((size_t)h * w, channels);
    for (size_t i = 0; pixels && i < (size_t)h * w; i++) pixels[i * channels] = (uint8_t)value;
    const int written = pixels && png_image_write_to_file(&image, path, 0, pixels, 0, NULL);
    free(pixels);
    return written;
}

#endif
