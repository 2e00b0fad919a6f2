/* Gather and spread by Winograd's algorithm. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd.h"

static const tile_limits conv_winograd_limits = TILE_LIMITS;

/* One row of weights, of an input channel or, with weight_is_out_in, of an output channel, a vector at a time. */
INLINE void transform_weights(const winograd *w, const float *weight, int row, float *transformed, const int size,
                              const int kernel) {
    const int in_c = w->in.c, out_c = w->out.c, columns = w->weight_is_out_in ? in_c : out_c;
    const ptrdiff_t tap = (ptrdiff_t)in_c * out_c, direction = w->flip ? -1 : 1;
    const int block = winograd_block_vectors(out_c, conv_winograd_limits.max_vectors) * WIDTH;
    winograd_square square = {.p = weight + (ptrdiff_t)row * columns + (w->flip ? tap * (kernel * kernel - 1) : 0),
                              .y_stride = direction * tap * kernel,
                              .x_stride = direction * tap,
                              .y = winograd_all(kernel),
                              .x = winograd_all(kernel)};
    for (int column = 0; column < columns; column += WIDTH, square.p += WIDTH) {
        if (!w->weight_is_out_in) {
            winograd_transform(WINOGRAD_WEIGHT, kernel, size, &square,
                               transformed + ((ptrdiff_t)(column / block) * in_c + row) * block + column % block, tap);
            continue;
        }
        float result[WINOGRAD_MAX_SIZE * WINOGRAD_MAX_SIZE * WIDTH];
        winograd_transform(WINOGRAD_WEIGHT, kernel, size, &square, result, WIDTH);
        float *to = transformed + ((ptrdiff_t)(row / block) * in_c + column) * block + row % block;
        for (int e = 0; e < size * size; e++)
            for (int lane = 0; lane < WIDTH; lane++) to[e * tap + lane * block] = result[e * WIDTH + lane];
    }
}

void PLAIN_NAME(plain_winograd_weights)(const winograd *w, const float *weight, float *transformed, int row) {
    if (w->size == 8)
        transform_weights(w, weight, row, transformed, 8, 5);
    else
        transform_weights(w, weight, row, transformed, 6, 3);
}

static void conv_winograd_multiply(const winograd *w, const float *weights, int tiles, const float *in, float *out) {
    static const float zeros[TILE_MAX_VECTORS * WIDTH];
    const int vectors = winograd_block_vectors(w->out.c, conv_winograd_limits.max_vectors), block = vectors * WIDTH;
    for (int e = 0; e < w->size * w->size; e++) {
        for (int o = 0; o < w->out.c; o += block, weights += w->in.c * block) {
            tile t = {.in = in + e * w->in_stride,
                      .weight = weights,
                      .in_stride = w->in.c,
                      .rows = 1,
                      .length = w->in.c,
                      .out = out + e * w->out_stride + o,
                      .out_stride = w->out.c,
                      .initial = zeros,
                      .channels = block};
            for (int left = tiles, size; left > 0; left -= size) {
                size = tile_next(left, conv_winograd_limits.max_positions[vectors]);
                PLAIN_NAME(plain_tile)(&t, vectors, size);
                t.in += size * t.in_stride;
                t.out += size * t.out_stride;
            }
        }
    }
}

/* The results of one tile, of which ys x xs are inside the image; `first` is where they begin. */
INLINE void finish_tile(const winograd *w, const winograd_args *args, const winograd_square *square, ptrdiff_t first,
                        int ys, int xs, int channel, const int size, const int step) {
    vector columns[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_SIZE];
    winograd_columns(WINOGRAD_SUM, size, step, square, columns);
    const vector bias = args->bias ? vector_load(args->bias + channel) : (vector){0};
    for (int y = 0; y < ys; y++) {
        vector out[WINOGRAD_MAX_SIZE];
        winograd_line(WINOGRAD_SUM, size, step, columns[y], out);
        const ptrdiff_t at = first + (ptrdiff_t)y * w->out.w * w->out.c + channel;
        UNROLL
        for (int x = 0; x < step; x++) {
            vector value = out[x] + bias;
            if (w->relu) value = vector_zero_where(value, value < 0);
            if (x >= xs) continue;
            if (args->mask) value = vector_zero_where(value, vector_load(args->mask + at + x * w->out.c) <= 0);
            vector_store(args->out + at + x * w->out.c, value);
        }
    }
}

INLINE void finish_group(const winograd *w, const winograd_args *args, const winograd_group *group, const float *sums,
                         const int size, const int step) {
    winograd_square square = {.p = sums,
                              .y_stride = size * w->out_stride,
                              .x_stride = w->out_stride,
                              .y = winograd_all(size),
                              .x = winograd_all(size)};
    for (int i = group->image_first; i < group->image_end; i++) {
        for (int ty = group->row_first; ty < group->row_end; ty++) {
            for (int tx = 0; tx < w->grid.tiles_x; tx++) {
                const int y = ty * step, x = tx * step;
                const ptrdiff_t first = (((ptrdiff_t)i * w->out.h + y) * w->out.w + x) * w->out.c;
                for (int c = 0; c < w->out.c; c += WIDTH, square.p += WIDTH)
                    finish_tile(w, args, &square, first, winograd_inside(y, step, w->out.h).end,
                                winograd_inside(x, step, w->out.w).end, c, size, step);
            }
        }
    }
}

/* `scratch` has room for the transformed inputs and the sums of a group. */
INLINE void run_group(const winograd *w, const winograd_args *args, int index, float *scratch, const int size,
                      const int step) {
    const winograd_group group = winograd_get_group(&w->grid, index);
    float *in = scratch, *sums = scratch + size * size * w->in_stride;
    winograd_transform_group(WINOGRAD_DATA, size, size, &w->in, &w->grid, &group, args->in, in, w->in_stride);
    conv_winograd_multiply(w, args->weights, group.tiles, in, sums);
    finish_group(w, args, &group, sums, size, step);
}

void PLAIN_NAME(plain_winograd)(const winograd *w, const winograd_args *args, int group, float *scratch) {
    if (w->size == 8)
        run_group(w, args, group, scratch, 8, 4);
    else
        run_group(w, args, group, scratch, 6, 4);
}
