#include "reference/accumulate.h"

/* The two positions of x that position i of y is between, and the share of the second. */
typedef struct place {
    int position[2];
    double share[2];
} place;

static place place_of(bool bilinear, int i, int in, int out) {
    if (!bilinear) return (place){{(int)((long long)i * in / out), 0}, {1, 0}};
    const double source = fmax(((2.0 * i + 1) * in - out) / (2.0 * out), 0); /* whole where it ought to be */
    const int below = (int)source;
    return (place){{below, below + 1 < in ? below + 1 : below}, {1 - (source - below), source - below}};
}

/* Calls `pair` for every element of y, and of x that it has a share of. */
static void each_pair(const upsample_desc *d, const double *from, reference_output to,
                      void (*pair)(size_t x, size_t y, double share, const double *from, reference_output to)) {
    size_t y = 0;
    for (int n = 0; n < d->n; n++)
        for (int i = 0; i < d->out_h; i++)
            for (int j = 0; j < d->out_w; j++)
                for (int c = 0; c < d->channels; c++, y++) {
                    const place row = place_of(d->bilinear, i, d->in_h, d->out_h);
                    const place column = place_of(d->bilinear, j, d->in_w, d->out_w);
                    for (int k = 0; k < 4; k++) {
                        const double share = row.share[k / 2] * column.share[k % 2];
                        const size_t pixel =
                            ((size_t)n * d->in_h + row.position[k / 2]) * d->in_w + column.position[k % 2];
                        if (share != 0) pair(pixel * d->channels + c, y, share, from, to);
                    }
                }
}

static void pair_fwd(size_t x, size_t y, double share, const double *from, reference_output to) {
    output_add(to, y, share * from[x]);
}

static void pair_bwd(size_t x, size_t y, double share, const double *from, reference_output to) {
    output_add(to, x, share * from[y]);
}

void reference_upsample_fwd(const upsample_desc *d, const double *x, reference_output y) {
    output_start(y, (size_t)d->n * d->out_h * d->out_w * d->channels);
    each_pair(d, x, y, pair_fwd);
}

void reference_upsample_bwd(const upsample_desc *d, const double *dy, reference_output dx) {
    output_start(dx, (size_t)d->n * d->in_h * d->in_w * d->channels);
    each_pair(d, dy, dx, pair_bwd);
}
