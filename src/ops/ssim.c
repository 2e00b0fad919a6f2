#include "ops/ssim.h"

#include "base/numbers.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

int ssim_window(int pixels) {
    return smaller(pixels, SSIM_WINDOW);
}

int ssim_places(int pixels) {
    return pixels - ssim_window(pixels) + 1;
}

static void ssim_exact_weights(int window, double weights[SSIM_WINDOW]) {
    const double deviation = 1.5;
    double sum = 0;
    for (int i = 0; i < window; i++) {
        const double from_middle = i - 0.5 * (window - 1);
        weights[i] = exp(-0.5 * from_middle * from_middle / (deviation * deviation));
        sum += weights[i];
    }
    for (int i = 0; i < window; i++) weights[i] /= sum;
}

void ssim_weights(int window, float weights[SSIM_WINDOW]) {
    double exact[SSIM_WINDOW];
    ssim_exact_weights(window, exact);
    for (int i = 0; i < window; i++) weights[i] = (float)exact[i];
}

size_t ssim_image_windows(const ssim_desc *d) {
    return (size_t)ssim_places(d->h) * (size_t)ssim_places(d->w) * (size_t)d->channels;
}

static size_t ssim_elements(const ssim_desc *d) {
    return (size_t)d->n * (size_t)d->h * (size_t)d->w * (size_t)d->channels;
}

static size_t ssim_count(const op_desc *desc, int operand) {
    const ssim_desc *d = &desc->ssim;
    if (operand == SSIM_IMAGES) return (size_t)d->n;
    if (operand == SSIM_LOSSES) return d->training;
    return operand == SSIM_DY && !d->training ? 0 : ssim_elements(d);
}

/* A window's means, then its variances; and of each pixel the part of each window that it is in. */
static double ssim_flops(const op_desc *desc) {
    const ssim_desc *d = &desc->ssim;
    const double taps = (double)ssim_window(d->h) * ssim_window(d->w) * d->n * (double)ssim_image_windows(d);
    return taps * (d->training ? 21.0 : 13.0);
}

static double ssim_terms(const op_desc *desc, int output) {
    const ssim_desc *d = &desc->ssim;
    const double taps = (double)ssim_window(d->h) * ssim_window(d->w), windows = (double)ssim_image_windows(d);
    return output == SSIM_DY ? taps : output == SSIM_IMAGES ? windows + taps : d->n * windows + taps;
}

static const op_field ssim_fields[] = {OP_FIELD(INT, ssim, n),
                                       OP_FIELD(INT, ssim, h),
                                       OP_FIELD(INT, ssim, w),
                                       OP_FIELD(INT, ssim, channels),
                                       OP_FIELD(FLAG, ssim, training),
                                       {0}};

static void ssim_describe(const op_desc *desc, char *text, size_t size) {
    const ssim_desc *d = &desc->ssim;
    snprintf(text, size, "%dx%dx%dx%d%s", d->n, d->h, d->w, d->channels, d->training ? " +gradient" : "");
}

static size_t ssim_images(const op_desc *desc) {
    return (size_t)desc->ssim.n;
}

static void ssim_set_images(op_desc *desc, size_t images) {
    desc->ssim.n = (int)images;
}

/* A window: 1 - S, and what S's gradient has for each of its pixels, times their weight: mean + error (a - b) + spread
 * a, with a = y - my and b = t - mt. Magnitudes are those of the terms that rounding errors grow with. */
typedef struct ssim_place {
    double value, value_magnitude;
    double my, mt, mean, error, spread;
    double mean_magnitude, error_magnitude, spread_magnitude; /* the latter two for |y| + |my| + |t| + |mt| of 1 */
} ssim_place;

typedef struct ssim_sums {
    double my, mt, sizes;     /* sizes: of |y| + |t| */
    double vy, vt, d, vs, ds; /* d: of (a - b)^2; vs, ds: what rounding does to the sums of squares, and to d */
} ssim_sums;

static size_t ssim_at(const ssim_desc *d, size_t image, int row, int column, int channel) {
    return ((image * (size_t)d->h + (size_t)row) * (size_t)d->w + (size_t)column) * (size_t)d->channels +
           (size_t)channel;
}

static ssim_sums ssim_sum_window(const op_values *values, const double *rows, const double *columns, size_t image,
                                 int row, int column, int channel) {
    const ssim_desc *d = &values->desc->ssim;
    const float *y = op_floats(values, SSIM_Y), *t = op_floats(values, SSIM_TARGET);
    const int kh = ssim_window(d->h), kw = ssim_window(d->w);
    ssim_sums s = {0};
    for (int i = 0; i < kh * kw; i++) {
        const size_t at = ssim_at(d, image, row + i / kw, column + i % kw, channel);
        const double weight = rows[i / kw] * columns[i % kw];
        s.my += weight * (double)y[at];
        s.mt += weight * (double)t[at];
        s.sizes += weight * (fabs((double)y[at]) + fabs((double)t[at]));
    }
    for (int i = 0; i < kh * kw; i++) {
        const size_t at = ssim_at(d, image, row + i / kw, column + i % kw, channel);
        const double weight = rows[i / kw] * columns[i % kw], a = (double)y[at] - s.my, b = (double)t[at] - s.mt;
        const double size = fabs((double)y[at]) + fabs((double)t[at]) + s.sizes;
        s.vy += weight * a * a;
        s.vt += weight * b * b;
        s.d += weight * (a - b) * (a - b);
        s.vs += 2 * weight * (fabs(a) + fabs(b)) * size;
        s.ds += 2 * weight * fabs(a - b) * size;
    }
    return s;
}

/* S = (1 - p)(1 - q), with p the share that the means differ by, and q that of the rest. */
static ssim_place ssim_place_of(const ssim_sums *s, double factor) {
    const double apart = s->my - s->mt, means = s->my * s->my + s->mt * s->mt + SSIM_C1, rest = s->vy + s->vt + SSIM_C2;
    const double p = apart * apart / means, q = s->d / rest;
    const double means_error = 1 + s->sizes * s->sizes / means, rest_error = 1 + s->vs / rest;
    const double p_error = p * means_error + 2 * fabs(apart) * s->sizes / means;
    const double q_error = q * rest_error + s->ds / rest;
    ssim_place place = {.value = p + q - p * q, .my = s->my, .mt = s->mt};
    place.value_magnitude = p_error * (1 + q) + q_error * (1 + p);
    place.mean = factor * 2 * (1 - q) * (apart - p * s->my) / means;
    place.error = factor * 2 * (1 - p) / rest;
    place.spread = -factor * 2 * (1 - p) * q / rest;
    place.mean_magnitude = factor * 2 *
                           ((1 + q) * (s->sizes * (1 + p) + p_error * fabs(s->my)) * means_error +
                            q_error * (fabs(apart) + p * fabs(s->my))) /
                           means;
    place.error_magnitude = factor * 2 * (1 + p_error) * rest_error / rest;
    place.spread_magnitude = factor * 2 * (1 + p_error) * (q_error + q * rest_error) / rest;
    return place;
}

#define SSIM_PLACE_DOUBLES (sizeof(ssim_place) / sizeof(double))

static size_t ssim_shared(const op_desc *desc) {
    return (size_t)desc->ssim.n * ssim_image_windows(&desc->ssim) * SSIM_PLACE_DOUBLES;
}

static void ssim_share(const op_values *values, double *shared) {
    const ssim_desc *d = &values->desc->ssim;
    const int places_h = ssim_places(d->h), places_w = ssim_places(d->w);
    double rows[SSIM_WINDOW], columns[SSIM_WINDOW];
    ssim_place *place = (ssim_place *)(void *)shared;
    ssim_exact_weights(ssim_window(d->h), rows);
    ssim_exact_weights(ssim_window(d->w), columns);
    const double factor = (double)d->scale / (double)ssim_image_windows(d);
    for (size_t image = 0; image < (size_t)d->n; image++)
        for (int i = 0; i < places_h * places_w * d->channels; i++) {
            const int at = i / d->channels;
            const ssim_sums sums =
                ssim_sum_window(values, rows, columns, image, at / places_w, at % places_w, i % d->channels);
            *place++ = ssim_place_of(&sums, factor);
        }
}

static op_expected ssim_expect_images(const op_values *values, size_t first, size_t end, double scale) {
    const size_t windows = ssim_image_windows(&values->desc->ssim);
    const ssim_place *place = (const ssim_place *)(const void *)values->shared;
    op_expected sum = {0};
    for (size_t i = first * windows; i < end * windows; i++) {
        sum.value += scale * place[i].value / (double)windows;
        sum.magnitude += scale * place[i].value_magnitude / (double)windows;
    }
    return sum;
}

/* Of all windows that the element is in. */
static op_expected ssim_expect_gradient(const op_values *values, size_t element) {
    const ssim_desc *d = &values->desc->ssim;
    const ssim_place *place = (const ssim_place *)(const void *)values->shared;
    const size_t pixel = element / (size_t)d->channels, channel = element % (size_t)d->channels;
    const int column = (int)(pixel % (size_t)d->w), row = (int)(pixel / (size_t)d->w % (size_t)d->h);
    const size_t image = pixel / ((size_t)d->w * (size_t)d->h);
    const int kh = ssim_window(d->h), kw = ssim_window(d->w), places_h = ssim_places(d->h),
              places_w = ssim_places(d->w);
    const double y = (double)op_floats(values, SSIM_Y)[element], t = (double)op_floats(values, SSIM_TARGET)[element];
    double rows[SSIM_WINDOW], columns[SSIM_WINDOW];
    op_expected dy = {0};
    ssim_exact_weights(kh, rows);
    ssim_exact_weights(kw, columns);
    for (int i = larger(row - kh + 1, 0); i <= smaller(row, places_h - 1); i++)
        for (int j = larger(column - kw + 1, 0); j <= smaller(column, places_w - 1); j++) {
            const size_t at = (image * (size_t)places_h + (size_t)i) * (size_t)places_w + (size_t)j;
            const ssim_place *p = &place[at * (size_t)d->channels + channel];
            const double weight = rows[row - i] * columns[column - j], a = y - p->my, b = t - p->mt;
            const double size = fabs(y) + fabs(t) + fabs(p->my) + fabs(p->mt);
            dy.value += weight * (p->mean + p->error * (a - b) + p->spread * a);
            dy.magnitude += weight * (p->mean_magnitude + (p->error_magnitude + p->spread_magnitude) * size);
        }
    return dy;
}

static op_expected ssim_expect(const op_values *values, int output, size_t i) {
    const ssim_desc *d = &values->desc->ssim;
    if (output == SSIM_IMAGES) return ssim_expect_images(values, i, i + 1, 1);
    if (output == SSIM_LOSSES) return ssim_expect_images(values, 0, (size_t)d->n, (double)d->scale);
    return ssim_expect_gradient(values, i);
}

static op_step ssim_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.slot = 1};
}

const op_kind op_kind_ssim = {
    .name = "ssim",
    .operand = {[SSIM_Y] = {"y", OPERAND_IN, DRAW_NUMBERS},
                [SSIM_TARGET] = {"target", OPERAND_IN, DRAW_NUMBERS},
                [SSIM_IMAGES] = {"images", OPERAND_OUT},
                [SSIM_LOSSES] = {"losses", OPERAND_OUT, .in_slot = true},
                [SSIM_DY] = {"dy", OPERAND_OUT}},
    .count = ssim_count,
    .flops = ssim_flops,
    .terms = ssim_terms,
    .describe = ssim_describe,
    .fields = ssim_fields,
    .images = ssim_images,
    .set_images = ssim_set_images,
    .trial_step = ssim_trial_step,
    .shared = ssim_shared,
    .share = ssim_share,
    .expect = ssim_expect,
};
