#include "app/figures/grid.h"

#include "base/memory.h"
#include "app/figures/png_image.h"
#include "app/figures/canvas.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TARGET_WIDTH 1100 /* pixels are enlarged as long as the images stay within this */
#define MAX_TARGET_HEIGHT 8000
#define MAX_SCALE 8
#define MARGIN 24
#define BLOCK_GAP 24
#define CAPTION_FONT 22.0
#define CAPTION_HEIGHT 40
#define MAX_PIXELS ((size_t)1 << 28)

/* Where things are on the page, in pixels. */
typedef struct grid_layout {
    size_t scale;
    size_t gap;            /* between images */
    size_t cell_h, cell_w; /* an enlarged image with the gap after it */
    size_t width, height;  /* of the page */
} grid_layout;

static size_t block_width(const grid_layout *layout, const grid_block *block) {
    return block->columns * layout->cell_w - layout->gap;
}

static size_t block_height(const grid_layout *layout, const grid_block *block) {
    return (block->caption ? CAPTION_HEIGHT : 0) + block->rows * layout->cell_h - layout->gap;
}

clae_status grid_check_channels(const clae_context *context, size_t channels) {
    if (channels == 1 || channels == 3) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "images of %zu channels cannot be drawn: pictures have 1 or 3", channels);
}

static clae_status check_blocks(const clae_context *context, const grid_style *style, const grid_block *blocks,
                                size_t block_count) {
    if (block_count == 0 || style->h == 0 || style->w == 0)
        return fail(context, CLAE_ERROR_INPUT, "a grid needs at least one block of images: got %zu of %zux%zu",
                    block_count, style->h, style->w);
    clae_status status = grid_check_channels(context, style->c);
    if (status != CLAE_OK) return status;
    size_t pixels = 0;
    for (size_t i = 0; i < block_count; i++) {
        const grid_block *block = &blocks[i];
        size_t cells, image, sum;
        bool fits = size_multiply(block->rows, block->columns, &cells) && size_multiply(style->h, style->w, &image) &&
                    size_multiply(cells, image, &sum) && sum <= MAX_PIXELS - pixels;
        if (!fits)
            return fail(context, CLAE_ERROR_INPUT,
                        "a grid of %zux%zu images of %zux%zu pixels is too large: at most %zu pixels in all",
                        block->rows, block->columns, style->h, style->w, MAX_PIXELS);
        if (cells == 0 || block->count > cells)
            return fail(context, CLAE_ERROR_INPUT, "%zu images do not fit into %zu rows of %zu", block->count,
                        block->rows, block->columns);
        pixels += sum;
    }
    return CLAE_OK;
}

static size_t choose_scale(const grid_style *style, const grid_block *blocks, size_t block_count) {
    size_t columns = 0, rows = 0;
    for (size_t i = 0; i < block_count; i++) {
        if (blocks[i].columns > columns) columns = blocks[i].columns;
        rows += blocks[i].rows;
    }
    size_t scale = TARGET_WIDTH / (columns * style->w), scale_by_height = MAX_TARGET_HEIGHT / (rows * style->h);
    if (scale > scale_by_height) scale = scale_by_height;
    return scale < 1 ? 1 : scale > MAX_SCALE ? MAX_SCALE : scale;
}

static grid_layout make_layout(const grid_style *style, const grid_block *blocks, size_t block_count) {
    size_t scale = choose_scale(style, blocks, block_count);
    grid_layout layout = {.scale = scale, .gap = scale < 3 ? scale : 3};
    layout.cell_h = scale * style->h + layout.gap;
    layout.cell_w = scale * style->w + layout.gap;
    layout.height = 2 * MARGIN + (block_count - 1) * BLOCK_GAP;
    for (size_t i = 0; i < block_count; i++) {
        size_t width = 2 * MARGIN + block_width(&layout, &blocks[i]);
        if (width > layout.width) layout.width = width;
        layout.height += block_height(&layout, &blocks[i]);
    }
    return layout;
}

static uint8_t ink(float value, bool invert) {
    float clamped = value > 0 ? (value < 1 ? value : 1) : 0; /* NaN is 0 */
    uint8_t byte = (uint8_t)(255 * clamped + 0.5f);
    return invert ? (uint8_t)(255 - byte) : byte;
}

/* Enlarges an image without smoothing: what is seen are the pixels. */
static void put_image(const grid_layout *layout, const grid_style *style, const float *image, uint8_t *rgb) {
    size_t stride = 3 * layout->width;
    for (size_t y = 0; y < style->h * layout->scale; y++) {
        const float *row = image + y / layout->scale * style->w * style->c;
        for (size_t x = 0; x < style->w * layout->scale; x++) {
            const float *pixel = row + x / layout->scale * style->c;
            for (size_t k = 0; k < 3; k++)
                rgb[y * stride + 3 * x + k] = ink(pixel[style->c == 3 ? k : 0], !style->no_invert);
        }
    }
}

static clae_status put_caption(const clae_context *context, const grid_layout *layout, const char *caption,
                               uint8_t *rgb) {
    canvas strip;
    clae_status status = canvas_create(context, layout->width, CAPTION_HEIGHT, &strip);
    if (status) return status;
    canvas_set_color(&strip, (canvas_color){0.1, 0.1, 0.1}, 1);
    canvas_text(&strip, caption, CAPTION_FONT, MARGIN, CAPTION_HEIGHT / 2.0, (canvas_anchor){0, 0.5});
    canvas_copy_rgb(&strip, rgb, 3 * layout->width);
    canvas_free(&strip);
    return CLAE_OK;
}

static clae_status put_block(const clae_context *context, const grid_layout *layout, const grid_style *style,
                             const grid_block *block, uint8_t *rgb) {
    size_t stride = 3 * layout->width;
    if (block->caption) {
        clae_status status = put_caption(context, layout, block->caption, rgb);
        if (status) return status;
        rgb += CAPTION_HEIGHT * stride;
    }
    for (size_t i = 0; i < block->count; i++) {
        size_t top = i / block->columns * layout->cell_h, left = MARGIN + i % block->columns * layout->cell_w;
        put_image(layout, style, block->images + i * style->h * style->w * style->c, rgb + top * stride + 3 * left);
    }
    return CLAE_OK;
}

clae_status grid_write(const clae_context *context, const char *path, const grid_style *style, const grid_block *blocks,
                       size_t block_count) {
    clae_status status = check_blocks(context, style, blocks, block_count);
    if (status) return status;
    grid_layout layout = make_layout(style, blocks, block_count);
    size_t bytes;
    uint8_t *rgb = NULL;
    if (!size_product((const size_t[]){3, layout.width, layout.height}, 3, &bytes) || !(rgb = malloc(bytes)))
        return fail_memory(context, 3 * layout.width * layout.height, "a picture");
    memset(rgb, 255, bytes);
    uint8_t *place = rgb + MARGIN * 3 * layout.width;
    for (size_t i = 0; i < block_count && !status; i++) {
        status = put_block(context, &layout, style, &blocks[i], place);
        place += (block_height(&layout, &blocks[i]) + BLOCK_GAP) * 3 * layout.width;
    }
    if (!status) status = png_image_write(context, path, rgb, layout.width, layout.height, 3);
    free(rgb);
    return status;
}
