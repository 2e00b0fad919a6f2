#include "reference/reference.h"

/* Calls `pair` for each element of x [n][h][w][c * r * r] and its place in y [n][h * r][w * r][c]. */
static void each_pair(const pixel_shuffle_desc *d, const double *from, double *to,
                      void (*pair)(size_t x, size_t y, const double *from, double *to)) {
    size_t x = 0;
    for (int row = 0; row < d->n * d->h; row++)
        for (int j = 0; j < d->w; j++)
            for (int c = 0; c < d->channels; c++)
                for (int dy = 0; dy < d->factor; dy++)
                    for (int dx = 0; dx < d->factor; dx++, x++) {
                        const size_t pixel = ((size_t)row * d->factor + dy) * d->w * d->factor + j * d->factor + dx;
                        pair(x, pixel * d->channels + c, from, to);
                    }
}

static void pair_fwd(size_t x, size_t y, const double *from, double *to) {
    to[y] = from[x];
}

static void pair_bwd(size_t x, size_t y, const double *from, double *to) {
    to[x] = from[y];
}

void reference_pixel_shuffle_fwd(const pixel_shuffle_desc *d, const double *x, double *y) {
    each_pair(d, x, y, pair_fwd);
}

void reference_pixel_shuffle_bwd(const pixel_shuffle_desc *d, const double *dy, double *dx) {
    each_pair(d, dy, dx, pair_bwd);
}
