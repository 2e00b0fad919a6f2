/* Pictures made of many small images: blocks of rows and columns, each with a caption above it. */
#ifndef CLAE_APP_FIGURES_GRID_H
#define CLAE_APP_FIGURES_GRID_H

#include "base/context.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct grid_block {
    const char *caption; /* UTF-8; NULL: none */
    const float *images; /* [count][h][w][c], 0 black .. 1 white, clamped */
    size_t count;        /* at most rows * columns; the rest stays empty */
    size_t rows, columns;
} grid_block;

typedef struct grid_style {
    size_t h, w, c; /* of one image; c is 1 or 3 */
    bool no_invert; /* otherwise dark ink on white paper */
} grid_style;

/* Blocks one below the other. CLAE_ERROR_OUTPUT when the file cannot be written. */
clae_status grid_write(const clae_context *context, const char *path, const grid_style *style, const grid_block *blocks,
                       size_t block_count);

/* CLAE_ERROR_INPUT for images that cannot be drawn. */
clae_status grid_check_channels(const clae_context *context, size_t channels);

#endif
