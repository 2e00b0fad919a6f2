/* Pixels from rectangles of pixels (plain/resample.h): the rows of a rectangle become one, then its columns. */
#include "ops/formula_float.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

INLINE float resample_joined(const pool_id join, float m, float v) {
#define POOL(stem, start, joined, scale, picks)                                                                        \
    if (join == POOL_##stem) return joined;
#include "ops/pools.def"
#undef POOL
    return m;
}

INLINE void join_row(const pool_id join, const float *restrict in, float *restrict row, size_t floats) {
    for (size_t i = 0; i < floats; i++) row[i] = resample_joined(join, row[i], in[i]);
}

INLINE void join_two_rows(const pool_id join, float start, const float *restrict a, const float *restrict b,
                          float *restrict row, size_t floats) {
    for (size_t i = 0; i < floats; i++) row[i] = resample_joined(join, resample_joined(join, start, a[i]), b[i]);
}

/* The rows of position y as one: in `row`, or where it is. */
INLINE const float *join_rows(const pool_id join, const resample *r, const float *image, int y, float *row) {
    const conv_range range = r->rows.range[y];
    const size_t floats = (size_t)r->in_w * (size_t)r->channels;
    const float *in = image + (size_t)range.first * floats;
    if (range.end - range.first == 1) return in;
    if (range.end == range.first)
        for (size_t i = 0; i < floats; i++) row[i] = r->start;
    else
        join_two_rows(join, r->start, in, in + floats, row, floats);
    for (int t = range.first + 2; t < range.end; t++) {
        in = image + (size_t)t * floats;
        join_row(join, in, row, floats);
    }
    return row;
}

/* out[c] from pixels that lie side by side. */
INLINE void join_pixels(const pool_id join, float start, float scale, const float *restrict in, float *restrict out,
                        const size_t channels, const int pixels) {
    for (size_t c = 0; c < channels; c++) {
        float m = start;
        for (int t = 0; t < pixels; t++) m = resample_joined(join, m, in[(size_t)t * channels + c]);
        out[c] = m * scale;
    }
}

/* The usual numbers of pixels are unrolled. */
INLINE void join_columns_of(const pool_id join, const resample *r, const float *row, float *out,
                            const size_t channels) {
    const float start = r->start, scale = r->scale;
    for (int x = 0; x < r->columns.count; x++, out += channels) {
        const int first = r->columns.range[x].first, pixels = r->columns.range[x].end - first;
        const float *in = row + (size_t)first * channels;
        if (pixels == 1)
            join_pixels(join, start, scale, in, out, channels, 1);
        else if (pixels == 2)
            join_pixels(join, start, scale, in, out, channels, 2);
        else if (pixels == 3)
            join_pixels(join, start, scale, in, out, channels, 3);
        else
            join_pixels(join, start, scale, in, out, channels, pixels);
    }
}

INLINE void join_columns(const pool_id join, const resample *r, const float *row, float *out) {
    if (r->channels == 1)
        join_columns_of(join, r, row, out, 1);
    else if (r->channels == 3)
        join_columns_of(join, r, row, out, 3);
    else
        join_columns_of(join, r, row, out, (size_t)r->channels);
}

INLINE void resample_rows(const pool_id join, const resample *r, const float *in, float *out, float *row, int first,
                          int end) {
    const size_t image = (size_t)r->in_h * (size_t)r->in_w * (size_t)r->channels;
    const size_t floats = (size_t)r->columns.count * (size_t)r->channels;
    for (int i = first; i < end; i++) {
        const float *joined = join_rows(join, r, in + (size_t)(i / r->rows.count) * image, i % r->rows.count, row);
        join_columns(join, r, joined, out + (size_t)i * floats);
    }
}

void PLAIN_NAME(plain_resample)(const resample *r, const float *in, float *out, float *row, int first, int end) {
#define POOL(stem, start, joined, scale, picks)                                                                        \
    if (r->join == POOL_##stem) resample_rows(POOL_##stem, r, in, out, row, first, end);
#include "ops/pools.def"
#undef POOL
}
