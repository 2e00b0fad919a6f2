#include "app/figures/canvas.h"

#include "base/memory.h"
#include "app/figures/font.h"
#include "app/figures/png_image.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE 32767 /* cairo's own limit */

static void select_font(cairo_t *cairo, const char *family, double font_size) {
    cairo_select_font_face(cairo, family, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cairo, font_size);
}

/* A missing font would put the page's own cairo_t into an error state for good, so it is tried on another one. */
static bool font_works(const char *family) {
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, 8, 8);
    cairo_t *cairo = cairo_create(surface);
    cairo_text_extents_t extents;
    select_font(cairo, family, 8);
    cairo_text_extents(cairo, "X", &extents);
    cairo_show_text(cairo, "X");
    bool works = cairo_status(cairo) == CAIRO_STATUS_SUCCESS && extents.height > 0;
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return works;
}

static void set_grey_antialiasing(cairo_t *cairo) {
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
}

clae_status canvas_create(const clae_context *context, size_t width, size_t height, canvas *page) {
    memset(page, 0, sizeof *page);
    if (width == 0 || height == 0 || width > MAX_SIDE || height > MAX_SIDE)
        return fail(context, CLAE_ERROR_INPUT, "a picture of %zux%zu pixels cannot be drawn: a side has 1 to %d pixels",
                    width, height, MAX_SIDE);
    page->width = width;
    page->height = height;
    page->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    page->cairo = cairo_create(page->surface);
    cairo_status_t status = cairo_status(page->cairo);
    if (status != CAIRO_STATUS_SUCCESS) {
        canvas_free(page);
        return fail(context, CLAE_ERROR_INTERNAL, "cairo cannot draw a picture of %zux%zu pixels: %s", width, height,
                    cairo_status_to_string(status));
    }
    page->font = font_family();
    page->has_font = font_works(page->font);
    set_grey_antialiasing(page->cairo);
    cairo_set_source_rgb(page->cairo, 1, 1, 1);
    cairo_paint(page->cairo);
    return CLAE_OK;
}

void canvas_free(canvas *page) {
    if (page->cairo) cairo_destroy(page->cairo);
    if (page->surface) cairo_surface_destroy(page->surface);
    memset(page, 0, sizeof *page);
}

void canvas_set_color(canvas *page, canvas_color color, double alpha) {
    cairo_set_source_rgba(page->cairo, color.red, color.green, color.blue, alpha);
}

void canvas_text_size(canvas *page, const char *text, double font_size, double *width, double *height) {
    *width = *height = 0;
    if (!page->has_font) return;
    cairo_text_extents_t extents, capital;
    select_font(page->cairo, page->font, font_size);
    cairo_text_extents(page->cairo, text, &extents);
    cairo_text_extents(page->cairo, "X", &capital);
    *width = extents.x_advance;
    *height = capital.height;
}

void canvas_text(canvas *page, const char *text, double font_size, double x, double y, canvas_anchor anchor) {
    if (!page->has_font) return;
    double width, height;
    canvas_text_size(page, text, font_size, &width, &height);
    cairo_move_to(page->cairo, x - anchor.x * width, y + (1 - anchor.y) * height);
    cairo_show_text(page->cairo, text);
    cairo_new_path(page->cairo);
}

void canvas_text_upwards(canvas *page, const char *text, double font_size, double x, double y) {
    cairo_save(page->cairo);
    cairo_translate(page->cairo, x, y);
    cairo_rotate(page->cairo, -M_PI / 2);
    canvas_text(page, text, font_size, 0, 0, (canvas_anchor){0.5, 0.5});
    cairo_restore(page->cairo);
}

void canvas_copy_rgb(canvas *page, uint8_t *rgb, size_t stride_bytes) {
    cairo_surface_flush(page->surface);
    const unsigned char *data = cairo_image_surface_get_data(page->surface);
    size_t data_stride = (size_t)cairo_image_surface_get_stride(page->surface);
    for (size_t y = 0; y < page->height; y++) {
        for (size_t x = 0; x < page->width; x++) {
            uint32_t pixel;
            memcpy(&pixel, data + y * data_stride + x * sizeof pixel, sizeof pixel);
            uint8_t *out = rgb + y * stride_bytes + 3 * x;
            out[0] = (uint8_t)(pixel >> 16);
            out[1] = (uint8_t)(pixel >> 8);
            out[2] = (uint8_t)pixel;
        }
    }
}

clae_status canvas_write(const clae_context *context, canvas *page, const char *path) {
    cairo_status_t drawn = cairo_status(page->cairo);
    if (drawn != CAIRO_STATUS_SUCCESS)
        return fail(context, CLAE_ERROR_INTERNAL, "%s: cairo could not draw the picture: %s", path,
                    cairo_status_to_string(drawn));
    size_t bytes = 3 * page->width * page->height;
    uint8_t *rgb = malloc(bytes);
    if (!rgb) return fail_memory(context, bytes, "a picture");
    canvas_copy_rgb(page, rgb, 3 * page->width);
    clae_status status = png_image_write(context, path, rgb, page->width, page->height, 3);
    free(rgb);
    return status;
}
