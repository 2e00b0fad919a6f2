/* Winograd's transforms of tiles, a vector of channels at a time. */
#ifndef CLAE_PLAIN_KERNELS_WINOGRAD_H
#define CLAE_PLAIN_KERNELS_WINOGRAD_H

#include "base/numbers.h"
#include "plain/conv_winograd.h"
#include "plain/kernels/vector.h"
#include "plain/kernels/winograd_ahead.h"

#define WINOGRAD_FMA(a, b, c) vector_fma(vector_broadcast(a), b, c)
#include "winograd_transforms.h"

#define WINOGRAD_MAX_SIZE 8
#define WINOGRAD_MAX_TAPS 25
#define WINOGRAD_STEP 4        /* t - r + 1, of all sizes */
#define WINOGRAD_STRIP_TILES 6 /* whose columns stay in the L1 cache */
#define WINOGRAD_MAX_COLUMNS ((WINOGRAD_STRIP_TILES - 1) * WINOGRAD_STEP + WINOGRAD_MAX_SIZE)

typedef enum winograd_kind { WINOGRAD_DATA, WINOGRAD_WEIGHT, WINOGRAD_VALUE, WINOGRAD_SUM } winograd_kind;

/* One line, from `from` to `to` elements. All but x and y are constants. */
INLINE void winograd_line(const winograd_kind kind, const int from, const int to, const vector *x, vector *y) {
    if (kind == WINOGRAD_DATA) {
        if (from == 8) winograd_data_8_8(x, y);
        if (from == 6) winograd_data_6_6(x, y);
        if (from == 5) winograd_data_5_5(x, y);
    } else if (kind == WINOGRAD_WEIGHT) {
        if (to == 8) winograd_weight_8_5(x, y);
        if (to == 6) winograd_weight_6_3(x, y);
        if (to == 5) winograd_weight_5_2(x, y);
    } else if (kind == WINOGRAD_VALUE) {
        if (to == 8) winograd_value_8_4(x, y);
        if (to == 6) winograd_value_6_4(x, y);
        if (to == 5) winograd_value_5_4(x, y);
    } else {
        if (from == 8) winograd_sum_4_8(x, y);
        if (from == 6) winograd_sum_4_6(x, y);
        if (from == 5) winograd_sum_4_5(x, y);
    }
}

/* A square of vectors in memory, in elements apart; rows and columns outside the ranges are 0. */
typedef struct winograd_square {
    const float *p;
    ptrdiff_t y_stride, x_stride;
    conv_range y, x;
} winograd_square;

/* Where a transformed square goes: vectors that are `stride` elements apart. Other threads read it if it is shared. */
typedef struct winograd_elements {
    float *p;
    ptrdiff_t stride;
    bool is_shared;
} winograd_elements;

INLINE conv_range winograd_all(int size) {
    return (conv_range){0, size};
}

/* The part of a tile that begins at `first` which is inside an image of `length`. */
INLINE conv_range winograd_inside(int first, int size, int length) {
    conv_range inside = {first < 0 ? -first : 0, length - first < size ? length - first : size};
    if (inside.end < inside.first) inside.end = inside.first;
    return inside;
}

/* The first half of transforms of from x from to `to` x `to`: columns[y][x], to x count; rows are next. */
INLINE void winograd_columns(const winograd_kind kind, const int from, const int to, const winograd_square *square,
                             int count, vector (*columns)[WINOGRAD_MAX_COLUMNS]) {
    const bool whole = square->y.first == 0 && square->y.end == from;
    for (int x = 0; x < count; x++) {
        vector in[WINOGRAD_MAX_SIZE], out[WINOGRAD_MAX_SIZE];
        const float *p = square->p + x * square->x_stride;
        if (x < square->x.first || x >= square->x.end) {
            for (int y = 0; y < to; y++) columns[y][x] = (vector){0};
            continue;
        }
        if (whole) {
            UNROLL
            for (int y = 0; y < from; y++) in[y] = vector_load(p + y * square->y_stride);
        } else {
            UNROLL
            for (int y = 0; y < from; y++) {
                in[y] = (vector){0};
                if (y >= square->y.first && y < square->y.end) in[y] = vector_load(p + y * square->y_stride);
            }
        }
        winograd_line(kind, from, to, in, out);
        UNROLL
        for (int y = 0; y < to; y++) columns[y][x] = out[y];
    }
}

/* The second half, of a square from column `first` on, to `to` x `to` elements. */
INLINE void winograd_rows(const winograd_kind kind, const int from, const int to,
                          vector (*columns)[WINOGRAD_MAX_COLUMNS], int first, winograd_elements result) {
    for (int y = 0; y < to; y++, result.p += to * result.stride) {
        vector out[WINOGRAD_MAX_SIZE];
        winograd_line(kind, from, to, columns[y] + first, out);
        UNROLL
        for (int x = 0; x < to; x++) {
            if (result.is_shared)
                vector_stream(result.p + x * result.stride, out[x]);
            else
                vector_store(result.p + x * result.stride, out[x]);
        }
    }
}

/* The transforms of `tiles` squares side by side, whose shared columns are transformed once, to places `tile_stride`
 * apart. */
INLINE void winograd_transform(const winograd_kind kind, const int from, const int to, const winograd_square *square,
                               int tiles, ptrdiff_t tile_stride, winograd_elements result) {
    vector columns[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_COLUMNS];
    winograd_columns(kind, from, to, square, (tiles - 1) * WINOGRAD_STEP + from, columns);
    for (int t = 0; t < tiles; t++, result.p += tile_stride)
        winograd_rows(kind, from, to, columns, t * WINOGRAD_STEP, result);
}

/* The place of a channel of all phases in the transformed tiles. */
INLINE ptrdiff_t winograd_channel_place(const winograd_image *image, int size, ptrdiff_t stride, int channel) {
    return channel / image->block * (size * size * stride) + channel % image->block;
}

/* How many vectors there are of a phase's channels. */
INLINE int winograd_vectors(const winograd_image *image) {
    return (image->c + WIDTH - 1) / WIDTH;
}

/* `tiles` tiles of a row of tiles. If others read them, `next` is fetched, which is transformed later. */
INLINE void winograd_transform_strip(const winograd_kind kind, const int from, const int to,
                                     const winograd_image *image, int i, int ty, int tx, int tiles, const float *p,
                                     winograd_elements out, winograd_ahead next) {
    const int vectors = winograd_vectors(image), shares = winograd_phases(image) * vectors;
    const bool apart = image->block != image->channels, whole = image->stored != image->c;
    for (int number = 0; number < winograd_phases(image); number++) {
        const winograd_view view = winograd_get_view(image, number);
        const int y = ty * image->step + view.y->base, x = tx * image->step + view.x->base;
        const float *first = p + winograd_place(image, &view, i, y, x);
        winograd_square square = {.y_stride = (ptrdiff_t)image->stride * image->w * image->c,
                                  .x_stride = (ptrdiff_t)image->stride * image->c,
                                  .y = winograd_inside(y, from, view.y->count),
                                  .x = winograd_inside(x, (tiles - 1) * image->step + from, view.x->count)};
        for (int v = 0; v < vectors; v++) {
            if (out.is_shared) winograd_fetch(&next, number * vectors + v, shares);
            const int c = winograd_vector_channel(image->c, WIDTH, v);
            const int at = number * image->stored + (whole ? v * WIDTH : c);
            square.p = first + c;
            const ptrdiff_t place = apart ? winograd_channel_place(image, to, out.stride, at) : at;
            winograd_transform(kind, from, to, &square, tiles, image->block,
                               (winograd_elements){out.p + place, out.stride, out.is_shared});
        }
    }
}

/* The tiles of a group, transformed. */
INLINE void winograd_transform_group(const winograd_kind kind, const int from, const int to,
                                     const winograd_image *image, const winograd_grid *grid,
                                     const winograd_group *group, const float *p, winograd_elements out) {
    const ptrdiff_t floats = (ptrdiff_t)image->h * image->w * image->c;
    const int strips = divide_up(grid->tiles_x, WINOGRAD_STRIP_TILES) * (group->row_end - group->row_first);
    for (int i = group->image_first; i < group->image_end; i++) {
        const winograd_ahead next = {p + (i + 1) * floats, i + 1 < group->image_end ? floats : 0};
        int strip = 0;
        for (int ty = group->row_first; ty < group->row_end; ty++)
            for (int tx = 0, tiles; tx < grid->tiles_x; tx += tiles, out.p += tiles * image->block) {
                tiles = smaller(grid->tiles_x - tx, WINOGRAD_STRIP_TILES);
                winograd_transform_strip(kind, from, to, image, i, ty, tx, tiles, p, out,
                                         winograd_share(&next, strip++, strips));
            }
    }
}

#endif
