/* The gradient of pools that pick a pixel of each window: the largest is looked for again. */
#include "ops/pool.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

#include <math.h>

typedef struct window {
    conv_range y, x;
} window;

/* Elements of the image. */
INLINE size_t element(const conv_geometry *g, int y, int x, size_t c) {
    return ((size_t)y * (size_t)g->wide_w + (size_t)x) * (size_t)g->wide_c + c;
}

INLINE vector vector_select(vector_mask mask, vector a, vector b) {
    return (vector)((mask & (vector_mask)a) | (~mask & (vector_mask)b));
}

/* WIDTH channels from c on: dy to the largest pixels, as far as they are in rows first .. end-1. */
INLINE void pick_vector(const conv_geometry *g, const window *w, const float *x, vector dy, float *dx, size_t c,
                        int first, int end) {
    vector largest = vector_broadcast(-INFINITY);
    vector_mask place = {0};
    int t = 0;
    for (int iy = w->y.first; iy < w->y.end; iy++)
        for (int ix = w->x.first; ix < w->x.end; ix++, t++) {
            const vector v = vector_load(x + element(g, iy, ix, c));
            const vector_mask larger = (v > largest) | (v != v);
            largest = vector_select(larger, v, largest);
            place = (larger & t) | (~larger & place);
        }
    t = 0;
    for (int iy = w->y.first; iy < w->y.end; iy++)
        for (int ix = w->x.first; ix < w->x.end; ix++, t++) {
            float *to = dx + element(g, iy, ix, c);
            if (iy < first || iy >= end) continue;
            vector_store(to, vector_load(to) + (vector)((place == t) & (vector_mask)dy));
        }
}

INLINE void pick_one(const conv_geometry *g, const window *w, const float *x, float dy, float *dx, size_t c, int first,
                     int end) {
    float largest = -INFINITY;
    size_t place = element(g, w->y.first, w->x.first, c);
    int row = w->y.first;
    for (int iy = w->y.first; iy < w->y.end; iy++)
        for (int ix = w->x.first; ix < w->x.end; ix++) {
            const size_t at = element(g, iy, ix, c);
            const float v = x[at];
            const bool larger = (v > largest) | (v != v);
            largest = larger ? v : largest;
            place = larger ? at : place;
            row = larger ? iy : row;
        }
    if (row >= first && row < end) dx[place] += dy;
}

/* WIDTH elements of rows of dy, of windows whose columns are all inside; `at` has their first ones in rows of x. */
typedef struct block {
    size_t first;
    int count; /* of the elements; the others are the last one again, without dy */
    int at[WIDTH];
} block;

static block block_create(const conv_geometry *g, size_t first, size_t end) {
    const int channels = g->wide_c;
    block b = {.first = first, .count = end - first < WIDTH ? (int)(end - first) : WIDTH};
    int column = (int)first / channels, c = (int)first % channels;
    for (int l = 0; l < WIDTH; l++) {
        b.at[l] = (column * g->sw - g->pw) * channels + c;
        if (l + 1 >= b.count) continue;
        if (++c == channels) c = 0, column++;
    }
    return b;
}

INLINE vector load_lanes(const float *row, const int *at) {
    float v[WIDTH];
    for (int l = 0; l < WIDTH; l++) v[l] = row[at[l]];
    return vector_load(v);
}

INLINE void pick_block(const conv_geometry *g, const block *b, conv_range ys, const float *x, const float *dy,
                       float *dx, int first, int end) {
    const int row_floats = g->wide_w * g->wide_c;
    vector largest = vector_broadcast(-INFINITY);
    vector_mask place = (vector_mask){0} + ys.first * row_floats;
    for (int iy = ys.first; iy < ys.end; iy++)
        for (int t = 0; t < g->kw; t++) {
            const int offset = iy * row_floats + t * g->wide_c;
            const vector v = load_lanes(x + offset, b->at);
            const vector_mask larger = (v > largest) | (v != v);
            largest = vector_select(larger, v, largest);
            place = (larger & offset) | (~larger & place);
        }
    for (int l = 0; l < b->count; l++) {
        const int to = place[l] + b->at[l];
        if (to >= first * row_floats && to < end * row_floats) dx[to] += dy[b->first + (size_t)l];
    }
}

/* The windows whose columns are all inside. */
static conv_range whole_windows(const conv_geometry *g) {
    const int first = divide_up(g->pw, g->sw), room = g->wide_w + g->pw - g->kw;
    const conv_range whole = {first, smaller(room / g->sw + 1, g->narrow_w)};
    return room < 0 || whole.end < first ? (conv_range){0, 0} : whole;
}

INLINE void pick_window(const conv_geometry *g, int i, int j, const float *x, const float *dy, float *dx, int first,
                        int end) {
    const window w = {pool_window(i, g->wide_h, g->kh, g->sh, g->ph), pool_window(j, g->wide_w, g->kw, g->sw, g->pw)};
    const size_t channels = (size_t)g->narrow_c;
    const float *from = dy + ((size_t)i * (size_t)g->narrow_w + (size_t)j) * channels;
    size_t c = 0;
    for (; c + WIDTH <= channels; c += WIDTH) pick_vector(g, &w, x, vector_load(from + c), dx, c, first, end);
    for (; c < channels; c++) pick_one(g, &w, x, from[c], dx, c, first, end);
}

/* Of few channels, vectors are of several windows. */
static void pick_blocks(const conv_geometry *g, conv_range rows, conv_range columns, const float *x, const float *dy,
                        float *dx, int first, int end) {
    const size_t channels = (size_t)g->narrow_c, row_floats = (size_t)g->narrow_w * channels;
    const size_t end_element = (size_t)columns.end * channels;
    for (size_t e = (size_t)columns.first * channels; e < end_element; e += WIDTH) {
        const block b = block_create(g, e, end_element);
        for (int i = rows.first; i < rows.end; i++)
            pick_block(g, &b, pool_window(i, g->wide_h, g->kh, g->sh, g->ph), x, dy + (size_t)i * row_floats, dx, first,
                       end);
    }
}

void PLAIN_NAME(plain_pool_pick)(const conv_geometry *g, const float *x, const float *dy, float *dx, int first,
                                 int end) {
    const conv_range rows = {pool_windows_of(first, g->narrow_h, g->kh, g->sh, g->ph).first,
                             pool_windows_of(end - 1, g->narrow_h, g->kh, g->sh, g->ph).end};
    const conv_range blocks = g->narrow_c < WIDTH ? whole_windows(g) : (conv_range){0, 0};
    memset(dx + element(g, first, 0, 0), 0, (element(g, end, 0, 0) - element(g, first, 0, 0)) * sizeof(float));
    pick_blocks(g, rows, blocks, x, dy, dx, first, end);
    for (int i = rows.first; i < rows.end; i++) {
        for (int j = 0; j < blocks.first; j++) pick_window(g, i, j, x, dy, dx, first, end);
        for (int j = blocks.end; j < g->narrow_w; j++) pick_window(g, i, j, x, dy, dx, first, end);
    }
}
