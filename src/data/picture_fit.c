/* Pixman has such a filter (PIXMAN_FILTER_SEPARABLE_CONVOLUTION, boxes), but products of weights of 16 bits: the mean
 * of 125x125 pixels is 9 of 255 too bright, and it takes 5 ms from 500x400 to 64x64. Here both directions are separate,
 * so that weights need not be multiplied, and all is in integers, so that every machine has the same pixels. */
#include "data/picture_fit.h"

#include "base/memory.h"
#include "data/picture_row.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WEIGHT_ONE 65536 /* sum of the weights of a pixel */

/* Pixel i of the form is the sum of count[i] pixels of the picture from first[i] on, by weights[i * most ...]. */
typedef struct fit_taps {
    size_t most;
    size_t *first, *count;
    uint32_t *weights;
} fit_taps;

static fit_span fit_span_middle(size_t size, double length, size_t count) {
    double from = ((double)size - length) / 2;
    /* Pixels that keep their size are not mixed with their neighbours. */
    if (length == (double)count) from = floor(from);
    return (fit_span){.from = from, .length = length, .count = count};
}

static fit_span fit_span_whole(size_t size, size_t to, size_t count) {
    return (fit_span){.length = (double)size, .to = to, .count = count};
}

static size_t fit_scaled(size_t size, double scale, size_t most) {
    const double scaled = floor((double)size * scale + .5);
    return scaled < 1 ? 1 : scaled > (double)most ? most : (size_t)scaled;
}

fit_plan picture_fit_plan(size_t h, size_t w, const picture_form *form) {
    const double scale_y = (double)form->h / (double)h, scale_x = (double)form->w / (double)w;
    switch (form->fit) {
    case CLAE_FIT_COVER: {
        const double scale = fmax(scale_y, scale_x);
        return (fit_plan){fit_span_middle(h, scale == scale_y ? (double)h : (double)form->h / scale, form->h),
                          fit_span_middle(w, scale == scale_x ? (double)w : (double)form->w / scale, form->w)};
    }
    case CLAE_FIT_CONTAIN: {
        const double scale = fmin(scale_y, scale_x);
        const size_t rows = fit_scaled(h, scale, form->h), columns = fit_scaled(w, scale, form->w);
        return (fit_plan){fit_span_whole(h, (form->h - rows) / 2, rows),
                          fit_span_whole(w, (form->w - columns) / 2, columns)};
    }
    case CLAE_FIT_STRETCH:
        break;
    }
    return (fit_plan){fit_span_whole(h, 0, form->h), fit_span_whole(w, 0, form->w)};
}

double picture_fit_scale(const fit_plan *plan) {
    return fmax((double)plan->y.count / plan->y.length, (double)plan->x.count / plan->x.length);
}

/* The part of what weighs WEIGHT_ONE that lies before `at` in [from, from + length]. */
static uint32_t fit_share(double at, double from, double length) {
    const double share = (at - from) / length;
    return (uint32_t)(fmin(fmax(share, 0), 1) * WEIGHT_ONE + .5);
}

/* Pixels weigh as much as is covered of them: the differences of rounded shares, whose sum is exact. */
static void fit_cover_area(fit_taps *taps, size_t i, double from, double length, size_t size) {
    const size_t first = (size_t)fmin(fmax(floor(from), 0), (double)size - 1);
    uint32_t *weights = taps->weights + i * taps->most;
    size_t k = 0;
    for (uint32_t before = 0; k < taps->most && before < WEIGHT_ONE; k++) {
        const bool is_last = k + 1 == taps->most || first + k + 1 >= size;
        const uint32_t share = is_last ? WEIGHT_ONE : fit_share((double)(first + k + 1), from, length);
        weights[k] = share - before;
        before = share;
    }
    taps->first[i] = first;
    taps->count[i] = k;
}

static void fit_interpolate(fit_taps *taps, size_t i, double middle, size_t size) {
    const double at = fmin(fmax(middle - .5, 0), (double)size - 1);
    const size_t first = (size_t)at;
    uint32_t *weights = taps->weights + i * taps->most;
    weights[1] = (uint32_t)((at - (double)first) * WEIGHT_ONE + .5);
    weights[0] = WEIGHT_ONE - weights[1];
    taps->first[i] = first;
    taps->count[i] = weights[1] == 0 ? 1 : 2;
}

static void fit_taps_free(fit_taps *taps) {
    free(taps->first);
    free(taps->count);
    free(taps->weights);
}

/* Of a raster of `size` pixels in which the picture begins at `begin`, and is `shrunk` times as large. */
static bool fit_taps_create(const fit_span *span, size_t size, double begin, double shrunk, fit_taps *taps) {
    const double from = begin + span->from * shrunk, step = span->length * shrunk / (double)span->count;
    *taps = (fit_taps){.most = (size_t)ceil(step) + 1};
    taps->first = malloc(span->count * sizeof *taps->first);
    taps->count = malloc(span->count * sizeof *taps->count);
    taps->weights = malloc(span->count * taps->most * sizeof *taps->weights);
    if (!taps->first || !taps->count || !taps->weights) return false;
    for (size_t i = 0; i < span->count; i++)
        if (step >= 1)
            fit_cover_area(taps, i, from + (double)i * step, step, size);
        else
            fit_interpolate(taps, i, from + ((double)i + .5) * step, size);
    return true;
}

/* sums[0 ... count): weighted rows, of values of 8 bits with 8 bits behind the point. */
static void fit_rows(const uint8_t *pixels, size_t row_bytes, const fit_taps *taps, size_t i, size_t count,
                     uint32_t *sums) {
    const uint32_t *weights = taps->weights + i * taps->most;
    memset(sums, 0, count * sizeof *sums);
    for (size_t k = 0; k < taps->count[i]; k++) {
        const uint8_t *row = pixels + (taps->first[i] + k) * row_bytes;
        const uint32_t weight = weights[k];
        for (size_t j = 0; j < count; j++) sums[j] += weight * row[j];
    }
    for (size_t j = 0; j < count; j++) sums[j] = (sums[j] + 128) >> 8;
}

/* 65280 * WEIGHT_ONE and the half fit into 32 bits. */
static void fit_columns(const uint32_t *sums, size_t c, const fit_taps *taps, size_t count, uint8_t *to) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t *weights = taps->weights + i * taps->most;
        const uint32_t *from = sums + taps->first[i] * c;
        for (size_t channel = 0; channel < c; channel++) {
            uint32_t sum = (uint32_t)1 << 23;
            for (size_t k = 0; k < taps->count[i]; k++) sum += weights[k] * from[k * c + channel];
            *to++ = (uint8_t)(sum >> 24);
        }
    }
}

static clae_status fit_resample(const picture_file *file, const picture_raster *raster, size_t h, size_t w,
                                const fit_plan *plan, const picture_form *form, uint8_t *pixels) {
    const size_t row_bytes = raster->w * raster->c;
    fit_taps rows = {0}, columns = {0};
    uint32_t *sums = malloc(row_bytes * sizeof *sums);
    const bool is_made = sums &&
                         fit_taps_create(&plan->y, raster->h, raster->top, raster->content_h / (double)h, &rows) &&
                         fit_taps_create(&plan->x, raster->w, raster->left, raster->content_w / (double)w, &columns);
    for (size_t i = 0; is_made && i < plan->y.count; i++) {
        fit_rows(raster->pixels, row_bytes, &rows, i, row_bytes, sums);
        fit_columns(sums, raster->c, &columns, plan->x.count,
                    pixels + ((plan->y.to + i) * form->w + plan->x.to) * raster->c);
    }
    free(sums);
    fit_taps_free(&rows);
    fit_taps_free(&columns);
    return is_made ? CLAE_OK : fail_memory(file->context, row_bytes * sizeof *sums, file->name);
}

static void fit_copy(const picture_raster *raster, const fit_plan *plan, const picture_form *form, uint8_t *pixels) {
    const size_t c = raster->c;
    for (size_t i = 0; i < plan->y.count; i++)
        memcpy(pixels + ((plan->y.to + i) * form->w + plan->x.to) * c,
               raster->pixels + (((size_t)plan->y.from + i) * raster->w + (size_t)plan->x.from) * c, plan->x.count * c);
}

static void fit_fill(const picture_form *form, size_t c, uint8_t *pixels) {
    const uint8_t grey = picture_luma(form->background), *const background = c == 1 ? &grey : form->background;
    for (size_t i = 0; i < form->h * form->w; i++) memcpy(pixels + i * c, background, c);
}

clae_status picture_fit_run(const picture_file *file, const picture_raster *raster, size_t h, size_t w,
                            const fit_plan *plan, const picture_form *form, uint8_t *pixels) {
    const bool is_copy = raster->h == h && raster->w == w && plan->y.length == (double)plan->y.count &&
                         plan->x.length == (double)plan->x.count;
    if (plan->y.count < form->h || plan->x.count < form->w) fit_fill(form, raster->c, pixels);
    if (!is_copy) return fit_resample(file, raster, h, w, plan, form, pixels);
    fit_copy(raster, plan, form, pixels);
    return CLAE_OK;
}
