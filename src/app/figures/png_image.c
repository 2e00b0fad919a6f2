#include "app/figures/png_image.h"

#include "base/files.h"

#include <png.h>
#include <stdlib.h>

#define MAX_SIDE 65535
#define MAX_PIXEL_BYTES ((uint64_t)1 << 30)

clae_status png_image_write(const clae_context *context, const char *path, const uint8_t *pixels, size_t width,
                            size_t height, size_t channels) {
    if (channels != 1 && channels != 3)
        return fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': %zu channels, 1 or 3 are possible", path,
                    channels);
    if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE ||
        (uint64_t)width * height * channels > MAX_PIXEL_BYTES)
        return fail(context, CLAE_ERROR_OUTPUT,
                    "cannot write '%s': %zu x %zu pixels, at most %d a side and %llu bytes in all are possible", path,
                    width, height, MAX_SIDE, (unsigned long long)MAX_PIXEL_BYTES);

    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB};
    png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(image);
    void *file = malloc(bytes);
    if (!file) return fail_memory(context, bytes, path);
    clae_status status;
    if (png_image_write_to_memory(&image, file, &bytes, 0, pixels, 0, NULL)) {
        const file_part part = {file, bytes};
        status = file_write_atomic(context, path, &part, 1);
    } else {
        status = fail(context, CLAE_ERROR_INTERNAL, "cannot write '%s': %s", path, image.message);
    }
    png_image_free(&image);
    free(file);
    return status;
}
