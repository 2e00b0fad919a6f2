/* Register tiles of one output channel, with vectors over the products: `weight` has one float for each element of in. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

INLINE void tile_dot_multiply(const tile *t, vector *sum, float *rest, const int positions) {
    for (int r = 0; r < t->rows; r++) {
        const float *in = t->in + r * t->in_row_stride;
        const float *weight = t->weight + r * t->weight_row_stride;
        int l = 0;
        for (; l + WIDTH <= t->length; l += WIDTH) {
            const vector w = vector_load(weight + l);
            UNROLL
            for (int p = 0; p < positions; p++) sum[p] += w * vector_load(in + p * t->in_stride + l);
        }
        for (; l < t->length; l++) {
            UNROLL
            for (int p = 0; p < positions; p++) rest[p] += weight[l] * in[p * t->in_stride + l];
        }
    }
}

INLINE void tile_dot_run(const tile *t, const int positions) {
    vector sum[TILE_MAX_POSITIONS];
    float rest[TILE_MAX_POSITIONS];
    UNROLL
    for (int p = 0; p < positions; p++) {
        sum[p] = (vector){0};
        rest[p] = 0;
    }
    tile_dot_multiply(t, sum, rest, positions);
    UNROLL
    for (int p = 0; p < positions; p++) {
        float *out = t->out + p * t->out_stride;
        float result = (t->initial ? *t->initial : *out) + (vector_sum(sum[p]) + rest[p]);
        if (t->relu && result < 0) result = 0;
        if (t->mask && t->mask[p * t->out_stride] <= 0) result = 0;
        *out = result;
    }
}

#define TILE_DOT(vectors, positions) \
    static void tile_dot_##positions(const tile *t) { tile_dot_run(t, positions); }
TILE_DOT_SIZES(TILE_DOT)

#define TILE_DOT_ENTRY(vectors, positions) [positions] = tile_dot_##positions,
const tile_fn PLAIN_NAME(plain_tiles_dot)[TILE_MAX_POSITIONS + 1] = {TILE_DOT_SIZES(TILE_DOT_ENTRY)};
