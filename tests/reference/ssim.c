/* Structural similarity, window by window, and its gradient by the quotient rule. */
#include "reference/accumulate.h"

#include <stdlib.h>

enum { WIDEST = 11 };

typedef struct window {
    int h, w;
    double weight[WIDEST][WIDEST];
} window;

static int least(int a, int b) {
    return a < b ? a : b;
}

static window gaussian(const ssim_desc *d) {
    window k = {.h = least(d->h, WIDEST), .w = least(d->w, WIDEST)};
    double sum = 0;
    for (int i = 0; i < k.h; i++)
        for (int j = 0; j < k.w; j++) {
            const double y = i - (k.h - 1) / 2.0, x = j - (k.w - 1) / 2.0;
            sum += k.weight[i][j] = exp(-(x * x + y * y) / (2 * 1.5 * 1.5));
        }
    for (int i = 0; i < k.h; i++)
        for (int j = 0; j < k.w; j++) k.weight[i][j] /= sum;
    return k;
}

/* The windows of one channel of an image; x(i, j) is at x[(i * w + j) * channels]. */
static void add_window(const ssim_desc *d, const window *k, const double *y, const double *t, double share,
                       reference_output images, size_t image, reference_output dy, size_t first) {
    const double c1 = 0.01 * 0.01, c2 = 0.03 * 0.03;
    double my = 0, mt = 0, vy = 0, vt = 0, c = 0, size = 0, unsure = 0;
    for (int i = 0; i < k->h; i++)
        for (int j = 0; j < k->w; j++) {
            const int at = (i * d->w + j) * d->channels;
            my += k->weight[i][j] * y[at];
            mt += k->weight[i][j] * t[at];
            size += k->weight[i][j] * (fabs(y[at]) + fabs(t[at]));
        }
    for (int i = 0; i < k->h; i++)
        for (int j = 0; j < k->w; j++) {
            const int at = (i * d->w + j) * d->channels;
            const double a = y[at] - my, b = t[at] - mt;
            vy += k->weight[i][j] * a * a;
            vt += k->weight[i][j] * b * b;
            c += k->weight[i][j] * a * b;
            unsure += 2 * k->weight[i][j] * (fabs(a) + fabs(b)) * (fabs(y[at]) + fabs(t[at]) + size);
        }
    const double l = 2 * my * mt + c1, means = my * my + mt * mt + c1, s = 2 * c + c2, rest = vy + vt + c2;
    const double similarity = l * s / (means * rest);
    /* By how much more than their own size numbers may be off that were made of differences. */
    const double off = (1 + size * size / means) * (1 + unsure / rest);
    images.value[image] += share * (1 - similarity);
    images.magnitude[image] += share * (1 - similarity + fabs(my - mt) * size / means + unsure / rest) * off;
    for (int i = 0; i < k->h && d->training; i++)
        for (int j = 0; j < k->w; j++) {
            const int at = (i * d->w + j) * d->channels;
            const double weight = k->weight[i][j], a = y[at] - my, b = t[at] - mt;
            const double l_slope = 2 * mt * weight, means_slope = 2 * my * weight;
            const double s_slope = 2 * weight * b, rest_slope = 2 * weight * a;
            const double slope =
                (l_slope * s + l * s_slope) / (means * rest) - similarity * (means_slope / means + rest_slope / rest);
            const double scale = (double)d->scale * share, here = fabs(y[at]) + fabs(t[at]) + size;
            dy.value[first + (size_t)at] -= scale * slope;
            dy.magnitude[first + (size_t)at] += scale * weight * (2 * size / means + 4 * here / rest) * off * off;
        }
}

void reference_ssim(const ssim_desc *d, const double *y, const double *target, reference_output images,
                    reference_output loss, reference_output dy) {
    const window k = gaussian(d);
    const int rows = d->h - k.h + 1, columns = d->w - k.w + 1;
    const size_t elements = (size_t)(d->h * d->w * d->channels);
    output_start(images, (size_t)d->n);
    if (d->training) output_start(dy, (size_t)d->n * elements);
    for (int n = 0; n < d->n; n++)
        for (int i = 0; i < rows * columns * d->channels; i++) {
            const int at = i / d->channels, channel = i % d->channels;
            const size_t first =
                (size_t)n * elements + (size_t)((at / columns * d->w + at % columns) * d->channels + channel);
            add_window(d, &k, y + first, target + first, 1.0 / (rows * columns * d->channels), images, (size_t)n, dy,
                       first);
        }
    if (!d->training) return;
    output_start(loss, 1);
    for (int n = 0; n < d->n; n++) {
        loss.value[0] += (double)d->scale * images.value[n];
        loss.magnitude[0] += (double)d->scale * images.magnitude[n];
    }
}
