/* Structural similarity of one image and its gradient; loops along rows, which the compiler turns into vectors. */
#include "plain/kernels/isa.h"

#include <string.h>

/* What is summed over a row of windows. */
typedef struct ssim_row {
    float *restrict my, *restrict mt, *restrict vy, *restrict vt, *restrict d;
} ssim_row;

static void ssim_add_means(const ssim_row *row, const float *restrict y, const float *restrict t, float weight,
                           size_t count) {
    float *restrict my = row->my, *restrict mt = row->mt;
    for (size_t e = 0; e < count; e++) {
        my[e] += weight * y[e];
        mt[e] += weight * t[e];
    }
}

static void ssim_add_squares(const ssim_row *row, const float *restrict y, const float *restrict t, float weight,
                             size_t count) {
    const float *restrict my = row->my, *restrict mt = row->mt;
    float *restrict vy = row->vy, *restrict vt = row->vt, *restrict d = row->d;
    for (size_t e = 0; e < count; e++) {
        const float a = y[e] - my[e], b = t[e] - mt[e], error = a - b;
        vy[e] += weight * (a * a);
        vt[e] += weight * (b * b);
        d[e] += weight * (error * error);
    }
}

/* From the sums to what the gradient needs, in their place; the sum of 1 - S. */
static double ssim_finish_row(const ssim_row *row, float factor, size_t count) {
    double sum = 0;
    for (size_t e = 0; e < count; e++) {
        const float my = row->my[e], mt = row->mt[e], apart = my - mt;
        const float means = my * my + mt * mt + (float)SSIM_C1, rest = row->vy[e] + row->vt[e] + (float)SSIM_C2;
        const float p = apart * apart / means, q = row->d[e] / rest;
        sum += (double)(p + q - p * q);
        row->vy[e] = factor * 2 * (1 - q) * (apart - p * my) / means;
        row->vt[e] = factor * 2 * (1 - p) / rest;
        row->d[e] = -factor * 2 * (1 - p) * q / rest;
    }
    return sum;
}

double PLAIN_NAME(plain_ssim_windows)(const plain_ssim_windows *s, const float *y, const float *t,
                                      const plain_ssim_maps *maps) {
    const size_t width = (size_t)s->w * (size_t)s->channels, count = (size_t)s->places_w * (size_t)s->channels;
    double sum = 0;
    for (int i = 0; i < s->places_h; i++) {
        const size_t at = (size_t)i * count;
        const ssim_row row = {maps->my + at, maps->mt + at, maps->mean + at, maps->error + at, maps->spread + at};
        float *const all[] = {row.my, row.mt, row.vy, row.vt, row.d};
        for (int k = 0; k < PLAIN_SSIM_MAPS; k++) memset(all[k], 0, count * sizeof(float));
        for (int pass = 0; pass < 2; pass++)
            for (int k = 0; k < s->kh * s->kw; k++) {
                const size_t from = (size_t)(i + k / s->kw) * width + (size_t)(k % s->kw) * (size_t)s->channels;
                const float weight = s->rows[k / s->kw] * s->columns[k % s->kw];
                (pass ? ssim_add_squares : ssim_add_means)(&row, y + from, t + from, weight, count);
            }
        sum += ssim_finish_row(&row, s->factor, count);
    }
    return sum;
}

static void ssim_add_gradient(const plain_ssim_maps *maps, size_t at, const float *restrict y, const float *restrict t,
                              float weight, float *restrict dy, size_t count) {
    const float *restrict my = maps->my + at, *restrict mt = maps->mt + at, *restrict mean = maps->mean + at;
    const float *restrict error = maps->error + at, *restrict spread = maps->spread + at;
    for (size_t e = 0; e < count; e++) {
        const float a = y[e] - my[e], b = t[e] - mt[e];
        dy[e] += weight * (mean[e] + error[e] * (a - b) + spread[e] * a);
    }
}

void PLAIN_NAME(plain_ssim_gradient)(const plain_ssim_windows *s, int h, const float *y, const float *t,
                                     const plain_ssim_maps *maps, float *dy) {
    const size_t width = (size_t)s->w * (size_t)s->channels, count = (size_t)s->places_w * (size_t)s->channels;
    memset(dy, 0, (size_t)h * width * sizeof *dy);
    for (int i = 0; i < s->places_h; i++)
        for (int k = 0; k < s->kh * s->kw; k++) {
            const size_t to = (size_t)(i + k / s->kw) * width + (size_t)(k % s->kw) * (size_t)s->channels;
            const float weight = s->rows[k / s->kw] * s->columns[k % s->kw];
            ssim_add_gradient(maps, (size_t)i * count, y + to, t + to, weight, dy + to, count);
        }
}
