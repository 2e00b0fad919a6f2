/* A white page to draw on with cairo, and its way into a PNG file. Needs no display. */
#ifndef CLAE_APP_FIGURES_CANVAS_H
#define CLAE_APP_FIGURES_CANVAS_H

#include "base/context.h"

#include <cairo.h>
#include <stddef.h>
#include <stdint.h>

typedef struct canvas {
    cairo_surface_t *surface;
    cairo_t *cairo;
    size_t width, height;
    const char *font;
    bool has_font; /* otherwise text is left out and has no size */
} canvas;

typedef struct canvas_color {
    double red, green, blue;
} canvas_color;

/* Where a text's reference point lies: 0 left or top, 0.5 middle, 1 right or bottom. */
typedef struct canvas_anchor {
    double x, y;
} canvas_anchor;

clae_status canvas_create(const clae_context *context, size_t width, size_t height, canvas *page);
void canvas_free(canvas *page); /* takes a zeroed one */

void canvas_set_color(canvas *page, canvas_color color, double alpha);

/* Height is that of a capital letter, whatever the text. */
void canvas_text_size(canvas *page, const char *text, double font_size, double *width, double *height);
void canvas_text(canvas *page, const char *text, double font_size, double x, double y, canvas_anchor anchor);
/* Read from below to above, centred at (x, y). */
void canvas_text_upwards(canvas *page, const char *text, double font_size, double x, double y);

/* Copies the page into rows of RGB bytes, `stride_bytes` apart. */
void canvas_copy_rgb(canvas *page, uint8_t *rgb, size_t stride_bytes);

clae_status canvas_write(const clae_context *context, canvas *page, const char *path);

#endif
