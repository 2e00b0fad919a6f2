/* Gather and spread by Winograd's algorithm. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd.h"

static const tile_limits conv_winograd_limits = TILE_LIMITS;

/* How many phases are apart, and the channels of each. */
typedef struct parts {
    int count, in, out, block;
} parts;

INLINE parts parts_of(const winograd *w) {
    parts p = {
        .count = w->spread ? winograd_phases(&w->out) : 1, .in = w->spread ? w->in.c : w->in.channels, .out = w->out.c};
    p.block = winograd_block_vectors(p.out, conv_winograd_limits.max_vectors) * WIDTH;
    return p;
}

/* Taps of a phase from an input channel to a vector of output channels, in the order of inputs; 0 where it has none. */
INLINE void load_taps(const winograd *w, const float *weight, const winograd_view *view, int in, int out, float *taps) {
    const ptrdiff_t in_step = w->weight_is_out_in ? 1 : w->out.c, out_step = w->weight_is_out_in ? w->in.c : 1;
    weight += in * in_step + out * out_step;
    for (int y = 0; y < w->taps; y++)
        for (int x = 0; x < w->taps; x++, taps += WIDTH) {
            const int ty = w->spread ? w->taps - 1 - y : y, tx = w->spread ? w->taps - 1 - x : x;
            const ptrdiff_t k =
                (ptrdiff_t)(view->y->tap + w->stride * ty) * w->kernel_w + view->x->tap + w->stride * tx;
            const bool is_there = ty < view->y->taps && tx < view->x->taps;
            for (int lane = 0; lane < WIDTH; lane++)
                taps[lane] = is_there ? weight[k * w->in.c * w->out.c + lane * out_step] : 0;
        }
}

/* Those of one input channel. */
INLINE void transform_weights(const winograd *w, const float *weight, int in, float *transformed, const int size,
                              const int kernel) {
    const winograd_image *wide = w->spread ? &w->out : &w->in;
    const parts p = parts_of(w);
    const ptrdiff_t element = (ptrdiff_t)p.count * p.in * p.out;
    for (int number = 0; number < winograd_phases(wide); number++) {
        const winograd_view view = winograd_get_view(wide, number);
        const int row = w->spread ? in : number * w->in.c + in;
        float *to = transformed + (w->spread ? (ptrdiff_t)number * p.in * p.out : 0) + (ptrdiff_t)row * p.block;
        for (int out = 0; out < w->out.c; out += WIDTH) {
            float taps[WINOGRAD_MAX_SIZE * WINOGRAD_MAX_SIZE * WIDTH];
            const winograd_square square = {taps, kernel * WIDTH, WIDTH, winograd_all(kernel), winograd_all(kernel)};
            load_taps(w, weight, &view, in, out, taps);
            winograd_transform(WINOGRAD_WEIGHT, kernel, size, &square,
                               to + (ptrdiff_t)(out / p.block) * p.in * p.block + out % p.block, element);
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

static void conv_winograd_multiply(const winograd *w, const float *weights, int tiles, const float *in, float *out) {
    static const float zeros[TILE_MAX_VECTORS * WIDTH];
    const parts p = parts_of(w);
    const int vectors = p.block / WIDTH;
    for (int e = 0; e < w->size * w->size; e++) {
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

/* The results of one tile of a phase, of which ys x xs are inside the image; `first` is where they begin. */
INLINE void finish_tile(const winograd *w, const winograd_args *args, const winograd_square *square, ptrdiff_t first,
                        int ys, int xs, int channel, const int size, const int step) {
    vector columns[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_SIZE];
    const ptrdiff_t row = (ptrdiff_t)w->out.stride * w->out.w * w->out.c, column = (ptrdiff_t)w->out.stride * w->out.c;
    winograd_columns(WINOGRAD_SUM, size, step, square, columns);
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
                for (int number = 0; number < winograd_phases(&w->out); number++) {
                    const winograd_view view = winograd_get_view(&w->out, number);
                    const int y = ty * step, x = tx * step;
                    const int ys = winograd_inside(y, step, view.y->count).end;
                    const int xs = winograd_inside(x, step, view.x->count).end;
                    const ptrdiff_t first = winograd_place(&w->out, &view, i, y, x);
                    for (int c = 0; c < w->out.c; c += WIDTH, square.p += WIDTH)
                        finish_tile(w, args, &square, first, ys, xs, c, size, step);
                }
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
    else if (w->size == 6)
        run_group(w, args, group, scratch, 6, 4);
    else
        run_group(w, args, group, scratch, 5, 4);
}
