/* libvips, loaded when the first picture comes that needs it: it brings a hundred libraries, which take 0.1 s. */
#ifndef CLAE_DATA_VIPS_LIBRARY_H
#define CLAE_DATA_VIPS_LIBRARY_H

#include <vips/vips.h>

#define VIPS_LIBRARY_FUNCTIONS(FUNCTION)                                                                               \
    FUNCTION(g_free)                                                                                                   \
    FUNCTION(g_log_set_handler)                                                                                        \
    FUNCTION(g_object_unref)                                                                                           \
    FUNCTION(vips_cache_set_max)                                                                                       \
    FUNCTION(vips_colourspace)                                                                                         \
    FUNCTION(vips_error_buffer_copy)                                                                                   \
    FUNCTION(vips_foreign_find_load_buffer)                                                                            \
    FUNCTION(vips_image_get_bands)                                                                                     \
    FUNCTION(vips_image_get_format)                                                                                    \
    FUNCTION(vips_image_get_height)                                                                                    \
    FUNCTION(vips_image_get_interpretation)                                                                            \
    FUNCTION(vips_image_get_orientation)                                                                               \
    FUNCTION(vips_image_get_width)                                                                                     \
    FUNCTION(vips_image_new_from_buffer)                                                                               \
    FUNCTION(vips_init)                                                                                                \
    FUNCTION(vips_region_new)                                                                                          \
    FUNCTION(vips_region_prepare)

/* Each under its own name. */
typedef struct vips_library {
#define FUNCTION(name) __typeof__(name) *name;
    VIPS_LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
} vips_library;

/* Thread-safe. NULL, with the reason in *reason, where there is no libvips. */
const vips_library *vips_library_get(const char **reason);

#endif
