/* Gather and spread by Winograd's algorithm. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd_ahead.h"
#include "plain/kernels/winograd_tile.h"

static const tile_limits conv_winograd_limits = TILE_LIMITS;

/* How many phases are apart, and the channels of each. */
typedef struct parts {
    int count, in, out, block;
} parts;

INLINE parts parts_of(const winograd *w) {
    return (parts){.count = w->spread ? winograd_phases(&w->out) : 1,
                   .in = w->spread ? w->in.c : w->in.channels,
                   .out = w->out.stored,
                   .block = w->block};
}

/* Those of some input channels. */
INLINE void transform_weights(const winograd *w, const float *weight, int in, float *transformed, const int size,
                              const int kernel) {
    const int count = smaller(WINOGRAD_WEIGHT_CHANNELS, w->in.c - in);
    const winograd_image *wide = w->spread ? &w->out : &w->in;
    const parts p = parts_of(w);
    const ptrdiff_t element = (ptrdiff_t)p.count * p.in * p.out;
    for (int number = 0; number < winograd_phases(wide); number++) {
        const winograd_view view = winograd_get_view(wide, number);
        const int row = w->spread ? in : number * w->in.c + in;
        float *to = transformed + (w->spread ? (ptrdiff_t)number * p.in * p.out : 0) + (ptrdiff_t)row * p.block;
        for (int v = 0; v < p.out / WIDTH; v++) {
            const int out = v * WIDTH;
            const ptrdiff_t place = (ptrdiff_t)(out / p.block) * p.in * p.block + out % p.block;
            winograd_transform_taps(w, weight, &view, in, count, winograd_vector_channel(w->out.c, WIDTH, v),
                                    (winograd_elements){to + place, element, true}, p.block, size, kernel);
        }
    }
}

void PLAIN_NAME(plain_winograd_weights)(const winograd *w, const float *weight, float *transformed, int in) {
    if (w->size == 8)
        transform_weights(w, weight, in, transformed, 8, 5);
    else if (w->size == 6)
        transform_weights(w, weight, in, transformed, 6, 3);
    else
        transform_weights(w, weight, in, transformed, 5, 2);
}

/* What is fetched while products are made: the next group's inputs, and what the results of this one go to and with. */
typedef struct fetched {
    winograd_ahead in, out, mask;
} fetched;

static void conv_winograd_multiply(const winograd *w, const float *weights, int tiles, const fetched *ahead,
                                   const float *in, float *out) {
    static const float zeros[TILE_MAX_VECTORS * WIDTH];
    const parts p = parts_of(w);
    const int vectors = p.block / WIDTH;
    const int elements = w->size * w->size;
    for (int e = 0; e < elements; e++) {
        winograd_fetch(&ahead->in, e, elements);
        winograd_fetch(&ahead->out, e, elements);
        winograd_fetch(&ahead->mask, e, elements);
        for (int o = 0; o < p.count * p.out; o += p.block, weights += p.in * p.block) {
            tile t = {.in = in + e * w->in_stride + (w->spread ? o / p.out * p.in : 0),
                      .weight = weights,
                      .in_stride = w->in.channels,
                      .rows = 1,
                      .length = p.in,
                      .out = out + e * w->out_stride + o,
                      .out_stride = w->out.channels,
                      .initial = zeros,
                      .channels = p.block};
            for (int left = tiles, size; left > 0; left -= size) {
                size = tile_next(left, conv_winograd_limits.max_positions[vectors]);
                PLAIN_NAME(plain_tile)(&t, vectors, size);
                t.in += size * t.in_stride;
                t.out += size * t.out_stride;
            }
        }
    }
}

INLINE void finish_group(const winograd *w, const winograd_args *args, const winograd_group *group, const float *sums,
                         const int size, const int step) {
    winograd_square square = {.y_stride = size * w->out_stride,
                              .x_stride = w->out_stride,
                              .y = winograd_all(size),
                              .x = winograd_all(size)};
    for (int i = group->image_first; i < group->image_end; i++) {
        for (int ty = group->row_first; ty < group->row_end; ty++) {
            for (int tx = 0; tx < w->grid.tiles_x; tx++) {
                for (int number = 0; number < winograd_phases(&w->out); number++) {
                    const winograd_view view = winograd_get_view(&w->out, number);
                    const int y = ty * step, x = tx * step;
                    const int ys = winograd_inside(y, step, view.y->count).end;
                    const int xs = winograd_inside(x, step, view.x->count).end;
                    const ptrdiff_t first = winograd_place(&w->out, &view, i, y, x);
                    for (int v = 0; v < winograd_vectors(&w->out); v++) {
                        square.p = sums + v * WIDTH;
                        winograd_finish_tile(w, args, &square, first, ys, xs,
                                             winograd_vector_channel(w->out.c, WIDTH, v), size, step, false);
                    }
                    sums += w->out.stored;
                }
            }
        }
    }
}

INLINE void conv_winograd_in(const winograd *w, const winograd_args *args, int index, float *in, const bool is_shared) {
    const winograd_elements to = {in, w->in_stride, is_shared};
    const winograd_group group = winograd_get_group(&w->grid, index);
    if (w->size == 8)
        winograd_transform_group(WINOGRAD_DATA, 8, 8, &w->in, &w->grid, &group, args->in, to);
    else if (w->size == 6)
        winograd_transform_group(WINOGRAD_DATA, 6, 6, &w->in, &w->grid, &group, args->in, to);
    else
        winograd_transform_group(WINOGRAD_DATA, 5, 5, &w->in, &w->grid, &group, args->in, to);
}

void PLAIN_NAME(plain_winograd_in)(const winograd *w, const winograd_args *args, int index, float *in) {
    conv_winograd_in(w, args, index, in, true);
}

/* `scratch` has room for the transformed inputs and the sums of a group. */
void PLAIN_NAME(plain_winograd)(const winograd *w, const winograd_args *args, int index, float *scratch) {
    const winograd_group group = winograd_get_group(&w->grid, index);
    const fetched ahead = {.in = winograd_look_ahead(&w->in, &w->grid, args->in, index + 1),
                           .out = winograd_look_ahead(&w->out, &w->grid, args->out, index),
                           .mask = winograd_look_ahead(&w->out, &w->grid, args->mask, index)};
    float *sums = scratch + w->size * w->size * w->in_stride;
    conv_winograd_in(w, args, index, scratch, false);
    conv_winograd_multiply(w, args->weights, group.tiles, &ahead, scratch, sums);
    if (w->size == 8)
        finish_group(w, args, &group, sums, 8, 4);
    else if (w->size == 6)
        finish_group(w, args, &group, sums, 6, 4);
    else
        finish_group(w, args, &group, sums, 5, 4);
}
