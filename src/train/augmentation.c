#include "train/augmentation.h"

#include <string.h>

bool augmentation_of(const clae_settings *settings, augmentation *a) {
    *a = (augmentation){.flip_h = strchr(settings->flip, 'h') != NULL,
                        .flip_v = strchr(settings->flip, 'v') != NULL,
                        .rotate = settings->rotate,
                        .shift = (int)settings->shift,
                        .brightness = settings->brightness,
                        .noise = settings->noise};
    return a->flip_h || a->flip_v || a->rotate || a->shift > 0 || a->brightness > 0 || a->noise > 0;
}

clae_status augmentation_check(const clae_context *context, const clae_settings *settings, clae_shape image) {
    const size_t shortest = image.h < image.w ? image.h : image.w;
    if (settings->rotate && image.h != image.w)
        return fail(
            context, CLAE_ERROR_INPUT,
            "rotate: turns square images alone, and these are of %zu rows and %zu columns; --size can make them "
            "square",
            image.h, image.w);
    if (settings->shift >= shortest && settings->shift > 0)
        return fail(context, CLAE_ERROR_INPUT, "shift %llu: must be less than the %zu pixels of an image of %zux%zu",
                    (unsigned long long)settings->shift, shortest, image.h, image.w);
    return CLAE_OK;
}
