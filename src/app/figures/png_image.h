/* 8-bit grey and RGB PNG files, by libpng. */
#ifndef CLAE_APP_FIGURES_PNG_IMAGE_H
#define CLAE_APP_FIGURES_PNG_IMAGE_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

/* pixels: [height][width][channels], channels 1 or 3. Written atomically. */
clae_status png_image_write(const clae_context *context, const char *path, const uint8_t *pixels, size_t width,
                            size_t height, size_t channels);

#endif
