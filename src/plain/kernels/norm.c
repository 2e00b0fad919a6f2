/* Normalisation: what rows of whole vectors amount to, and a pass over them. In registers, as `columns` is a multiple
 * of the widest vector. What is written may be what is read. */
#include "plain/kernels/isa.h"
#include "plain/kernels/vector.h"

enum { BLOCK = 8 }; /* rows in registers */

/* Of `count` values and of `more` others, by Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for
 * computing sample variances" (1979): a large mean cancels nothing. */
INLINE void norm_join_columns(float count, vector *mean, vector *squares, float more, vector mean_of_more,
                              vector squares_of_more) {
    const float share = more / (count + more);
    const vector difference = mean_of_more - *mean;
    *mean += difference * share;
    *squares += squares_of_more + difference * difference * (count * share);
}

/* Some rows after `done` others, of which mean and squares hold the moments. */
INLINE void norm_add_rows(const float *x, size_t columns, const float *shift, float done, float *mean, float *squares,
                          const int rows) {
    for (size_t c = 0; c < columns; c += WIDTH) {
        const vector from = vector_load(shift + c), none = {0};
        vector v[BLOCK], sum = none, deviations = none, m = vector_load(mean + c), s = vector_load(squares + c);
        UNROLL
        for (int i = 0; i < rows; i++) {
            v[i] = vector_load(x + (size_t)i * columns + c) - from;
            sum += v[i];
        }
        sum *= 1.0f / (float)rows;
        UNROLL
        for (int i = 0; i < rows; i++) deviations = vector_fma(v[i] - sum, v[i] - sum, deviations);
        norm_join_columns(done, &m, &s, (float)rows, sum, deviations);
        vector_store(mean + c, m);
        vector_store(squares + c, s);
    }
}

void PLAIN_NAME(plain_norm_moments)(const float *x, size_t rows, size_t columns, const float *shift, float *mean,
                                    float *squares) {
    size_t r = 0;
    memset(mean, 0, columns * sizeof *mean);
    memset(squares, 0, columns * sizeof *squares);
    for (; r + BLOCK <= rows; r += BLOCK)
        norm_add_rows(x + r * columns, columns, shift, (float)r, mean, squares, BLOCK);
    for (; r < rows; r++) norm_add_rows(x + r * columns, columns, shift, (float)r, mean, squares, 1);
}

INLINE void norm_add_products(const float *dy, const float *x, size_t columns, const float *mean, float *sums,
                              float *products, const int rows) {
    for (size_t c = 0; c < columns; c += WIDTH) {
        const vector centre = vector_load(mean + c), none = {0};
        vector sum = none, product = none;
        UNROLL
        for (int i = 0; i < rows; i++) {
            const vector d = vector_load(dy + (size_t)i * columns + c);
            sum += d;
            product = vector_fma(d, vector_load(x + (size_t)i * columns + c) - centre, product);
        }
        vector_store(sums + c, vector_load(sums + c) + sum);
        vector_store(products + c, vector_load(products + c) + product);
    }
}

void PLAIN_NAME(plain_norm_sums)(const float *dy, const float *x, size_t rows, size_t columns, const float *mean,
                                 float *sums, float *products) {
    size_t r = 0;
    memset(sums, 0, columns * sizeof *sums);
    memset(products, 0, columns * sizeof *products);
    for (; r + BLOCK <= rows; r += BLOCK)
        norm_add_products(dy + r * columns, x + r * columns, columns, mean, sums, products, BLOCK);
    for (; r < rows; r++) norm_add_products(dy + r * columns, x + r * columns, columns, mean, sums, products, 1);
}

void PLAIN_NAME(plain_norm_apply)(const float *x, float *y, size_t count, size_t columns, const norm_planes *p,
                                  bool relu) {
    for (; count >= columns; count -= columns, x += columns, y += columns) {
        for (size_t c = 0; c < columns; c += WIDTH) {
            const vector centred = vector_load(x + c) - vector_load(p->mean + c);
            const vector value = centred * vector_load(p->scale + c) + vector_load(p->rest + c);
            vector_store(y + c, relu ? vector_zero_where(value, value < 0) : value);
        }
    }
    for (size_t c = 0; c < count; c++) {
        const float value = (x[c] - p->mean[c]) * p->scale[c] + p->rest[c];
        y[c] = relu && value < 0 ? 0 : value;
    }
}

void PLAIN_NAME(plain_norm_apply_bwd)(const float *dy, const float *x, float *dx, size_t count, size_t columns,
                                      const norm_planes *p) {
    for (; count >= columns; count -= columns, dy += columns, x += columns, dx += columns) {
        for (size_t c = 0; c < columns; c += WIDTH) {
            const vector centred = vector_load(x + c) - vector_load(p->mean + c);
            const vector rest = centred * vector_load(p->slope + c) + vector_load(p->rest + c);
            vector_store(dx + c, vector_load(dy + c) * vector_load(p->scale + c) + rest);
        }
    }
    for (size_t c = 0; c < count; c++) dx[c] = dy[c] * p->scale[c] + ((x[c] - p->mean[c]) * p->slope[c] + p->rest[c]);
}
