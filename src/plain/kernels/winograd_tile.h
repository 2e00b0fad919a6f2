/* The ends of gather and spread: taps of weights, and results of tiles. */
#ifndef CLAE_PLAIN_KERNELS_WINOGRAD_TILE_H
#define CLAE_PLAIN_KERNELS_WINOGRAD_TILE_H

#include "plain/kernels/winograd.h"

/* Taps of a phase from an input channel to a vector of output channels, in the order of inputs; 0 where it has none. */
INLINE void winograd_load_taps(const winograd *w, const float *weight, const winograd_view *view, int in, int out,
                               float *taps, const int kernel) {
    const ptrdiff_t in_step = w->weight_is_out_in ? 1 : w->out.c, out_step = w->weight_is_out_in ? w->in.c : 1;
    weight += in * in_step + out * out_step;
    for (int y = 0; y < kernel; y++)
        for (int x = 0; x < kernel; x++, taps += WIDTH) {
            const int ty = w->spread ? kernel - 1 - y : y, tx = w->spread ? kernel - 1 - x : x;
            const ptrdiff_t k =
                (ptrdiff_t)(view->y->tap + w->stride * ty) * w->kernel_w + view->x->tap + w->stride * tx;
            const bool is_there = ty < view->y->taps && tx < view->x->taps;
            const float *from = weight + k * w->in.c * w->out.c;
            if (!is_there) {
                vector_store(taps, (vector){0});
            } else if (out_step == 1) {
                vector_store(taps, vector_load(from));
            } else {
                UNROLL
                for (int lane = 0; lane < WIDTH; lane++) taps[lane] = from[lane * out_step];
            }
        }
}

/* Those taps transformed: t x t vectors that are `stride` elements apart. */
INLINE void winograd_transform_taps(const winograd *w, const float *weight, const winograd_view *view, int in, int out,
                                    float *result, ptrdiff_t stride, const int size, const int kernel) {
    float taps[WINOGRAD_MAX_SIZE * WINOGRAD_MAX_SIZE * WIDTH];
    const winograd_square square = {taps, kernel * WIDTH, WIDTH, winograd_all(kernel), winograd_all(kernel)};
    winograd_load_taps(w, weight, view, in, out, taps, kernel);
    winograd_transform(WINOGRAD_WEIGHT, kernel, size, &square, 1, 0, result, stride);
}

/* The results of one tile of a phase, of which ys x xs are inside the image; `first` is where they begin. */
INLINE void winograd_finish_tile(const winograd *w, const winograd_args *args, const winograd_square *square,
                                 ptrdiff_t first, int ys, int xs, int channel, const int size, const int step) {
    vector columns[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_COLUMNS];
    const ptrdiff_t row = (ptrdiff_t)w->out.stride * w->out.w * w->out.c, column = (ptrdiff_t)w->out.stride * w->out.c;
    winograd_columns(WINOGRAD_SUM, size, step, square, size, columns);
    const vector bias = args->bias ? vector_load(args->bias + channel) : (vector){0};
    for (int y = 0; y < ys; y++) {
        vector out[WINOGRAD_MAX_SIZE];
        winograd_line(WINOGRAD_SUM, size, step, columns[y], out);
        const ptrdiff_t at = first + y * row + channel;
        UNROLL
        for (int x = 0; x < step; x++) {
            vector value = out[x] + bias;
            if (w->relu) value = vector_zero_where(value, value < 0);
            if (x >= xs) continue;
            if (args->mask) value = vector_zero_where(value, vector_load(args->mask + at + x * column) <= 0);
            vector_store(args->out + at + x * column, value);
        }
    }
}

#endif
