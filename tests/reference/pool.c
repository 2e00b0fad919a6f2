#include "reference/accumulate.h"

#include <stdlib.h>

enum { MOST_TAPS = 4096 };

/* Element of an image of h x w pixels; -1: there is none. */
static ptrdiff_t element(int n, int y, int x, int c, int h, int w, int channels) {
    if (y < 0 || y >= h || x < 0 || x >= w) return -1;
    return (((ptrdiff_t)n * h + y) * w + x) * channels + c;
}

/* The elements of x under the taps of a window, row by row; -1 is padding. */
static void list_taps(const conv_geometry *g, int n, int i, int j, int c, ptrdiff_t *taps) {
    if (g->kh * g->kw > MOST_TAPS) abort();
    for (int ky = 0; ky < g->kh; ky++)
        for (int kx = 0; kx < g->kw; kx++)
            *taps++ = element(n, i * g->sh + ky - g->ph, j * g->sw + kx - g->pw, c, g->wide_h, g->wide_w, g->wide_c);
}

static int largest_tap(const double *x, const ptrdiff_t *taps, int count) {
    int largest = -1;
    for (int t = 0; t < count; t++)
        if (taps[t] >= 0 && (largest < 0 || x[taps[t]] > x[taps[largest]])) largest = t;
    return largest;
}

static void max_fwd(const double *x, const ptrdiff_t *taps, int count, reference_output y, size_t i) {
    y.value[i] = x[taps[largest_tap(x, taps, count)]];
}

static void max_bwd(const double *x, double dy, const ptrdiff_t *taps, int count, reference_output dx) {
    output_add(dx, (size_t)taps[largest_tap(x, taps, count)], dy);
}

/* Padding counts as zeros. */
static void avg_fwd(const double *x, const ptrdiff_t *taps, int count, reference_output y, size_t i) {
    for (int t = 0; t < count; t++)
        if (taps[t] >= 0) output_add(y, i, x[taps[t]] / count);
}

static void avg_bwd(const double *x, double dy, const ptrdiff_t *taps, int count, reference_output dx) {
    (void)x;
    for (int t = 0; t < count; t++)
        if (taps[t] >= 0) output_add(dx, (size_t)taps[t], dy / count);
}

typedef struct pool {
    void (*fwd)(const double *x, const ptrdiff_t *taps, int count, reference_output y, size_t i);
    void (*bwd)(const double *x, double dy, const ptrdiff_t *taps, int count, reference_output dx);
} pool;

static const pool pools[POOL_COUNT] = {
    [POOL_max] = {max_fwd, max_bwd},
    [POOL_avg] = {avg_fwd, avg_bwd},
};

void reference_pool_fwd(const pool_desc *d, const double *x, reference_output y) {
    const conv_geometry *g = &d->g;
    const size_t count = (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c;
    ptrdiff_t taps[MOST_TAPS];
    output_start(y, count);
    for (size_t i = 0; i < count; i++) {
        const int c = (int)(i % g->narrow_c), ox = (int)(i / g->narrow_c % g->narrow_w);
        const int row = (int)(i / g->narrow_c / g->narrow_w);
        list_taps(g, row / g->narrow_h, row % g->narrow_h, ox, c, taps);
        pools[d->pool].fwd(x, taps, g->kh * g->kw, y, i);
    }
}

void reference_pool_bwd(const pool_desc *d, const double *x, const double *dy, reference_output dx) {
    const conv_geometry *g = &d->g;
    const size_t count = (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c;
    ptrdiff_t taps[MOST_TAPS];
    output_start(dx, (size_t)g->n * g->wide_h * g->wide_w * g->wide_c);
    for (size_t i = 0; i < count; i++) {
        const int c = (int)(i % g->narrow_c), ox = (int)(i / g->narrow_c % g->narrow_w);
        const int row = (int)(i / g->narrow_c / g->narrow_w);
        list_taps(g, row / g->narrow_h, row % g->narrow_h, ox, c, taps);
        pools[d->pool].bwd(x, dy[i], taps, g->kh * g->kw, dx);
    }
}
