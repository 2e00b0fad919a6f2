/* Pixels from rectangles of pixels (plain/resample.h): the rows of a rectangle become one, then its columns. */
#include "ops/formula_float.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

/* What is compiled apart: how pixels are joined, and whether they have weights. */
typedef struct way {
    pool_id join;
    bool weighted;
} way;

INLINE float joined_of(const way way, float m, float weight, float pixel) {
    const float v = way.weighted ? weight * pixel : pixel;
#define POOL(stem, start, joined, scale, picks)                                                                        \
    if (way.join == POOL_##stem) return joined;
#include "ops/pools.def"
#undef POOL
    return m;
}

INLINE float weight_of(const way way, const resample_axis *axis, int position, int t) {
    return way.weighted ? axis->weight[position * axis->most + t] : 1;
}

INLINE void join_row(const way way, float weight, const float *restrict in, float *restrict row, size_t floats) {
    for (size_t i = 0; i < floats; i++) row[i] = joined_of(way, row[i], weight, in[i]);
}

INLINE void join_two_rows(const way way, float start, float weight_a, const float *restrict a, float weight_b,
                          const float *restrict b, float *restrict row, size_t floats) {
    for (size_t i = 0; i < floats; i++) row[i] = joined_of(way, joined_of(way, start, weight_a, a[i]), weight_b, b[i]);
}

/* The rows of position y as one: in `row`, or where it is. */
INLINE const float *join_rows(const way way, const resample *r, const float *image, int y, float *row) {
    const conv_range range = r->rows.range[y];
    const size_t floats = (size_t)r->in_w * (size_t)r->channels;
    const float *in = image + (size_t)range.first * floats;
    const int rows = range.end - range.first;
    int t = 0;
    if (rows == 1 && !way.weighted) return in;
    if (rows >= 2) {
        const float a = weight_of(way, &r->rows, y, 0), b = weight_of(way, &r->rows, y, 1);
        join_two_rows(way, r->start, a, in, b, in + floats, row, floats);
        t = 2;
    } else {
        for (size_t i = 0; i < floats; i++) row[i] = r->start;
    }
    for (; t < rows; t++) join_row(way, weight_of(way, &r->rows, y, t), in + (size_t)t * floats, row, floats);
    return row;
}

/* out[c] from pixels that lie side by side. */
INLINE void join_pixels(const way way, float start, float scale, const float *restrict weight, const float *restrict in,
                        float *restrict out, const size_t channels, const int pixels) {
    for (size_t c = 0; c < channels; c++) {
        float m = start;
        for (int t = 0; t < pixels; t++)
            m = joined_of(way, m, way.weighted ? weight[t] : 1, in[(size_t)t * channels + c]);
        out[c] = m * scale;
    }
}

/* The usual numbers of pixels are unrolled. */
INLINE void join_columns_of(const way way, const resample *r, const float *row, float *out, const size_t channels) {
    const float start = r->start, scale = r->scale;
    const resample_axis *columns = &r->columns;
    for (int x = 0; x < columns->count; x++, out += channels) {
        const int first = columns->range[x].first, pixels = columns->range[x].end - first;
        const float *in = row + (size_t)first * channels;
        const float *weight = way.weighted ? columns->weight + x * columns->most : NULL;
        if (pixels == 1)
            join_pixels(way, start, scale, weight, in, out, channels, 1);
        else if (pixels == 2)
            join_pixels(way, start, scale, weight, in, out, channels, 2);
        else if (pixels == 3)
            join_pixels(way, start, scale, weight, in, out, channels, 3);
        else if (pixels == 4)
            join_pixels(way, start, scale, weight, in, out, channels, 4);
        else
            join_pixels(way, start, scale, weight, in, out, channels, pixels);
    }
}

INLINE void join_columns(const way way, const resample *r, const float *row, float *out) {
    if (r->channels == 1)
        join_columns_of(way, r, row, out, 1);
    else if (r->channels == 3)
        join_columns_of(way, r, row, out, 3);
    else
        join_columns_of(way, r, row, out, (size_t)r->channels);
}

INLINE void resample_rows(const way way, const resample *r, const float *in, float *out, float *row, int first,
                          int end) {
    const size_t image = (size_t)r->in_h * (size_t)r->in_w * (size_t)r->channels;
    const size_t floats = (size_t)r->columns.count * (size_t)r->channels;
    for (int i = first; i < end; i++) {
        const float *joined = join_rows(way, r, in + (size_t)(i / r->rows.count) * image, i % r->rows.count, row);
        join_columns(way, r, joined, out + (size_t)i * floats);
    }
}

void PLAIN_NAME(plain_resample)(const resample *r, const float *in, float *out, float *row, int first, int end) {
    if (r->rows.weight) {
        resample_rows((way){POOL_avg, true}, r, in, out, row, first, end); /* none but sums have weights */
        return;
    }
#define POOL(stem, start, joined, scale, picks)                                                                        \
    if (r->join == POOL_##stem) resample_rows((way){POOL_##stem, false}, r, in, out, row, first, end);
#include "ops/pools.def"
#undef POOL
}
