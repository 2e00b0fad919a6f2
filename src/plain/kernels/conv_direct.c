/* Gather and spread. Where a row of output has enough positions that take all taps, tiles run along it; the positions
 * at the borders, and small images, are tiled across images instead, where all positions of a tile have the same taps:
 * no product with padding is ever made, and tiles stay full. */
#include "base/numbers.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

static const tile_limits conv_direct_limits = TILE_LIMITS;

/* Weights that stay in the L1 cache while positions pass over them. */
enum { CHUNK_FLOATS = 20 * 1024 / 4 };

/* Taps: kernel rows first_row .. end_row-1, elements first .. end-1 of [tap x][in_c]. */
typedef struct tap_chunk {
    int first_row, end_row;
    int first, end;
    bool is_first, is_last;
} tap_chunk;

/* What stays the same for one phase and one block of channels. */
typedef struct pass {
    const correlation *c;
    const correlation_args *args;
    const correlation_axis *y, *x;
    correlation_block block;
    void (*tile)(const tile *t, int vectors, int positions);
    const float *weight;
    int max_positions;
    int row_elements;           /* of [tap x][in_c] */
    int along_first, along_end; /* columns that are tiled along the row */
    int first_image, end_image;
} pass;

static bool next_chunk(const pass *p, tap_chunk *chunk) {
    const int rows = p->y->taps, elements = p->row_elements, fits = CHUNK_FLOATS / p->block.width;
    if (chunk->is_last) return false;
    chunk->is_first = chunk->end == 0;
    if (elements > fits) {
        if (chunk->end == elements || chunk->is_first) {
            chunk->first_row = chunk->end_row;
            chunk->end_row = smaller(chunk->first_row + 1, rows);
            chunk->end = 0;
        }
        chunk->first = chunk->end;
        chunk->end = smaller(chunk->first + fits, elements);
    } else {
        chunk->first_row = chunk->end_row;
        chunk->end_row = smaller(chunk->first_row + (elements ? larger(1, fits / elements) : rows), rows);
        chunk->end = elements;
    }
    chunk->is_last = chunk->end_row == rows && chunk->end == elements;
    return true;
}

/* The output positions (row, column) and on, `count` of them one column or one image apart, as tiles. */
static void run_tiles(const pass *p, const tap_chunk *chunk, int image, int row, int column, int count,
                      bool across_images) {
    const correlation *c = p->c;
    const conv_range ky = correlation_taps(p->y, row, c->in_h), kx = correlation_taps(p->x, column, c->in_w);
    const int first_row = larger(ky.first, chunk->first_row), end_row = smaller(ky.end, chunk->end_row);
    const int first = larger(kx.first * c->in_c, chunk->first), end = smaller(kx.end * c->in_c, chunk->end);
    const bool empty = first_row >= end_row || first >= end;
    if (empty && !chunk->is_first && !chunk->is_last) return;

    const ptrdiff_t in_row = (ptrdiff_t)c->in_w * c->in_c, out_row = (ptrdiff_t)c->out_w * c->out_c;
    const ptrdiff_t in_image = c->in_h * in_row, out_image = c->out_h * out_row;
    tile t = {
        .in_stride = across_images ? in_image : (ptrdiff_t)p->x->in_step * c->in_c,
        .in_row_stride = in_row,
        .weight_row_stride = (ptrdiff_t)p->row_elements * p->block.width,
        .rows = empty ? 0 : end_row - first_row,
        .length = empty ? 0 : end - first,
        .tap_length = c->in_c,
        .out_stride = across_images ? out_image : (ptrdiff_t)p->x->out_step * c->out_c,
        .initial = chunk->is_first ? p->args->bias + p->block.channel : NULL,
        .channels = p->block.channels,
        .relu = c->relu && chunk->is_last,
    };
    const ptrdiff_t out = image * out_image + (p->y->out_first + row * p->y->out_step) * out_row +
                          (ptrdiff_t)(p->x->out_first + column * p->x->out_step) * c->out_c + p->block.channel;
    t.out = p->args->out + out;
    if (p->args->mask && chunk->is_last) t.mask = p->args->mask + out;
    t.in = p->args->in;
    if (!empty) {
        t.in += image * in_image + (row * p->y->in_step + p->y->in_base + first_row) * in_row +
                ((ptrdiff_t)column * p->x->in_step + p->x->in_base) * c->in_c + first;
        t.weight = p->weight + first_row * t.weight_row_stride + (ptrdiff_t)first * p->block.width;
    }
    for (int size; count > 0; count -= size) {
        size = tile_next(count, p->max_positions);
        p->tile(&t, p->block.vectors, size);
        t.in += size * t.in_stride;
        t.out += size * t.out_stride;
        if (t.mask) t.mask += size * t.out_stride;
    }
}

static void run_row_along(const pass *p, const tap_chunk *chunk, int image, int row) {
    if (p->along_first < p->along_end)
        run_tiles(p, chunk, image, row, p->along_first, p->along_end - p->along_first, false);
}

static void run_row_across_images(const pass *p, const tap_chunk *chunk, int row) {
    for (int column = 0; column < p->x->count; column++)
        if (column < p->along_first || column >= p->along_end)
            run_tiles(p, chunk, p->first_image, row, column, p->end_image - p->first_image, true);
}

/* Row by row through all images, so that the rows are in the cache when their borders' turn comes. */
static void run_pass(const pass *p) {
    for (tap_chunk chunk = {0}; next_chunk(p, &chunk);) {
        for (int row = 0; row < p->y->count; row++) {
            for (int image = p->first_image; image < p->end_image; image++) run_row_along(p, &chunk, image, row);
            run_row_across_images(p, &chunk, row);
        }
    }
}

/* Image by image: one output channel uses inputs so little that they must come from the L1 cache. */
static void run_dot_pass(const pass *p) {
    for (tap_chunk chunk = {0}; next_chunk(p, &chunk);) {
        for (int image = p->first_image; image < p->end_image; image++)
            for (int row = 0; row < p->y->count; row++) run_row_along(p, &chunk, image, row);
        for (int row = 0; row < p->y->count; row++) run_row_across_images(p, &chunk, row);
    }
}

static void run_phase(pass *p, const float *weights) {
    const correlation *c = p->c;
    p->row_elements = p->x->taps * c->in_c;
    p->weight = weights;
    for (int b = 0; b < c->blocks; b++) {
        p->block = correlation_get_block(c, &conv_direct_limits, b);
        p->tile = c->dot ? PLAIN_NAME(plain_tile_dot) : PLAIN_NAME(plain_tile);
        p->max_positions =
            c->dot ? conv_direct_limits.max_dot_positions : conv_direct_limits.max_positions[p->block.vectors];
        /* Chosen by the whole batch, not by the task: what order sums are made in must not depend on the threads. */
        const bool along = p->x->full_end - p->x->full_first >= smaller(2 * p->max_positions, c->n);
        p->along_first = along ? p->x->full_first : 0;
        p->along_end = along ? p->x->full_end : 0;
        if (c->dot)
            run_dot_pass(p);
        else
            run_pass(p);
        p->weight += (ptrdiff_t)p->y->taps * p->row_elements * p->block.width;
    }
}

void PLAIN_NAME(plain_correlate)(const correlation *c, const correlation_args *args, int first, int end) {
    pass p = {.c = c, .args = args, .first_image = first, .end_image = end};
    for (int y = 0; y < c->phases_y; y++) {
        for (int x = 0; x < c->phases_x; x++) {
            p.y = &c->y[y];
            p.x = &c->x[x];
            run_phase(&p, args->weights + correlation_phase_offset(c, y, x));
        }
    }
}
