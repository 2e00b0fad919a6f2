/* Gather and spread by Winograd's algorithm, a panel of output channels from beginning to end: a part of its weights at
 * a time is transformed into the cache and multiplied with all tiles, whose sums are there too. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd_ahead.h"
#include "plain/kernels/winograd_tile.h"

static const tile_limits conv_winograd_batched_limits = TILE_LIMITS;

/* What a panel has in the cache: weights [t x t][depth][block] and sums [t x t][tile][block], a line between elements
 * of t x t, as they would share sets of the cache. */
typedef struct panel_memory {
    float *weights, *sums;
    ptrdiff_t weights_stride, sums_stride;
} panel_memory;

static panel_memory conv_winograd_batched_memory(const winograd *w, int tiles, float *scratch) {
    panel_memory m = {.weights_stride = w->in.block * w->block + LINE_FLOATS,
                      .sums_stride = tiles * w->block + LINE_FLOATS};
    m.weights = scratch;
    m.sums = scratch + w->size * w->size * m.weights_stride;
    return m;
}

size_t PLAIN_NAME(plain_winograd_panel_floats)(const winograd *w, int tiles) {
    const panel_memory m = conv_winograd_batched_memory(w, tiles, NULL);
    return (size_t)(w->size * w->size) * (size_t)(m.weights_stride + m.sums_stride);
}

/* Of the input channels first .. first + depth - 1, of all phases of gather. */
INLINE void conv_winograd_batched_weights(const winograd *w, const winograd_panel *p, int first, int depth,
                                          const panel_memory *m, const int size, const int kernel) {
    const winograd_image *wide = w->spread ? &w->out : &w->in;
    float *to = m->weights;
    for (int row = first, count; row < first + depth; row += count, to += count * w->block) {
        const winograd_view view = winograd_get_view(wide, w->spread ? p->phase : row / w->in.c);
        const int in = row % w->in.c;
        count = smaller(WINOGRAD_WEIGHT_CHANNELS, smaller(first + depth - row, w->in.c - in));
        for (int o = 0; o < w->block; o += WIDTH)
            winograd_transform_taps(w, p->weight, &view, in, count, p->out + o,
                                    (winograd_elements){to + o, m->weights_stride, false}, w->block, size, kernel);
    }
}

static void conv_winograd_batched_multiply(const winograd *w, const winograd_panel *p, int first, int depth,
                                           const panel_memory *m) {
    static const float zeros[TILE_MAX_VECTORS * WIDTH];
    const float *in =
        p->in + winograd_channel_place(&w->in, w->size, w->in_stride, (w->spread ? p->phase * w->in.c : 0) + first);
    const int vectors = w->block / WIDTH, most = conv_winograd_batched_limits.max_positions[vectors];
    const int calls = divide_up(p->tiles, most);
    for (int e = 0; e < w->size * w->size; e++) {
        tile t = {.in = in + e * w->in_stride,
                  .weight = m->weights + e * m->weights_stride,
                  .in_stride = w->in.block,
                  .rows = 1,
                  .length = depth,
                  .out = m->sums + e * m->sums_stride,
                  .out_stride = w->block,
                  .initial = first == 0 ? zeros : NULL,
                  .channels = w->block};
        const winograd_ahead next = {t.in + w->in_stride, (ptrdiff_t)p->tiles * t.in_stride};
        for (int call = 0, left = p->tiles, size; call < calls; call++, left -= size) {
            size = tile_next(left, most);
            winograd_fetch(&next, call, calls);
            PLAIN_NAME(plain_tile)(&t, vectors, size);
            t.in += size * t.in_stride;
            t.out += size * t.out_stride;
        }
    }
}

INLINE void conv_winograd_batched_finish(const winograd *w, const winograd_args *args, const winograd_panel *p,
                                         const panel_memory *m, const int size, const int step) {
    const winograd_view view = winograd_get_view(&w->out, p->phase);
    winograd_square square = {.p = m->sums,
                              .y_stride = size * m->sums_stride,
                              .x_stride = m->sums_stride,
                              .y = winograd_all(size),
                              .x = winograd_all(size)};
    for (int index = p->group_first; index < p->group_end; index++) {
        const winograd_group group = winograd_get_group(&w->grid, index);
        for (int i = group.image_first; i < group.image_end; i++)
            for (int ty = group.row_first; ty < group.row_end; ty++)
                for (int tx = 0; tx < w->grid.tiles_x; tx++) {
                    const int y = ty * step, x = tx * step;
                    const int ys = winograd_inside(y, step, view.y->count).end;
                    const int xs = winograd_inside(x, step, view.x->count).end;
                    const ptrdiff_t first = winograd_place(&w->out, &view, i, y, x);
                    for (int c = 0; c < w->block; c += WIDTH, square.p += WIDTH)
                        winograd_finish_tile(w, args, &square, first, ys, xs, p->out + c, size, step, true);
                }
    }
}

INLINE void conv_winograd_batched_run_panel(const winograd *w, const winograd_args *args, const winograd_panel *p,
                                            float *scratch, const int size, const int kernel) {
    const panel_memory m = conv_winograd_batched_memory(w, p->tiles, scratch);
    const int channels = w->spread ? w->in.c : w->in.channels;
    for (int first = 0; first < channels; first += w->in.block) {
        conv_winograd_batched_weights(w, p, first, w->in.block, &m, size, kernel);
        conv_winograd_batched_multiply(w, p, first, w->in.block, &m);
    }
    conv_winograd_batched_finish(w, args, p, &m, size, size - kernel + 1);
}

void PLAIN_NAME(plain_winograd_panel)(const winograd *w, const winograd_args *args, const winograd_panel *p,
                                      float *scratch) {
    if (w->size == 8)
        conv_winograd_batched_run_panel(w, args, p, scratch, 8, 5);
    else if (w->size == 6)
        conv_winograd_batched_run_panel(w, args, p, scratch, 6, 3);
    else
        conv_winograd_batched_run_panel(w, args, p, scratch, 5, 2);
}
