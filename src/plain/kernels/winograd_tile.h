/* The ends of gather and spread: taps of weights, and results of tiles. */
#ifndef CLAE_PLAIN_KERNELS_WINOGRAD_TILE_H
#define CLAE_PLAIN_KERNELS_WINOGRAD_TILE_H

#include "plain/kernels/isa.h"
#include "plain/kernels/winograd.h"

/* Taps of a phase from `count` input channels to a vector of output channels, in the order of inputs; 0 where it has
 * none. */
INLINE void winograd_load_taps(const winograd *w, const float *weight, const winograd_view *view, int in, int count,
                               int out, float *taps, const int kernel) {
    const size_t stride = (size_t)(kernel * kernel * WIDTH);
    ptrdiff_t places[WIDTH > WINOGRAD_WEIGHT_CHANNELS ? WIDTH : WINOGRAD_WEIGHT_CHANNELS];
    for (int i = 0; i < (w->weight_is_out_in ? WIDTH : count); i++)
        places[i] = (ptrdiff_t)i * (w->weight_is_out_in ? w->in.c : w->out.c);
    weight += w->weight_is_out_in ? (ptrdiff_t)out * w->in.c + in : (ptrdiff_t)in * w->out.c + out;
    for (int y = 0; y < kernel; y++)
        for (int x = 0; x < kernel; x++, taps += WIDTH) {
            const int ty = w->spread ? kernel - 1 - y : y, tx = w->spread ? kernel - 1 - x : x;
            const ptrdiff_t k =
                (ptrdiff_t)(view->y->tap + w->stride * ty) * w->kernel_w + view->x->tap + w->stride * tx;
            const float *from = weight + k * w->in.c * w->out.c;
            if (ty >= view->y->taps || tx >= view->x->taps)
                for (int i = 0; i < count; i++) vector_store(taps + (size_t)i * stride, (vector){0});
            else if (w->weight_is_out_in)
                PLAIN_NAME(plain_transpose)(from, places, WIDTH, (size_t)count, 1, taps, stride);
            else
                for (int i = 0; i < count; i++) vector_store(taps + (size_t)i * stride, vector_load(from + places[i]));
        }
}

/* Those taps transformed, of input channels that are `channel_stride` apart. */
INLINE void winograd_transform_taps(const winograd *w, const float *weight, const winograd_view *view, int in,
                                    int count, int out, winograd_elements result, ptrdiff_t channel_stride,
                                    const int size, const int kernel) {
    float taps[WINOGRAD_WEIGHT_CHANNELS * WINOGRAD_MAX_TAPS * WIDTH];
    winograd_square square = {taps, kernel * WIDTH, WIDTH, winograd_all(kernel), winograd_all(kernel)};
    winograd_load_taps(w, weight, view, in, count, out, taps, kernel);
    for (int i = 0; i < count; i++, square.p += kernel * kernel * WIDTH, result.p += channel_stride)
        winograd_transform(WINOGRAD_WEIGHT, kernel, size, &square, 1, 0, result);
}

/* The results of one tile of a phase, of which ys x xs are inside the image; `first` is where they begin. Other threads
 * go on with them if they are shared. */
INLINE void winograd_finish_tile(const winograd *w, const winograd_args *args, const winograd_square *square,
                                 ptrdiff_t first, int ys, int xs, int channel, const int size, const int step,
                                 const bool is_shared) {
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
            if (is_shared)
                vector_stream_line(args->out + at + x * column, value);
            else
                vector_store(args->out + at + x * column, value);
        }
    }
}

#endif
