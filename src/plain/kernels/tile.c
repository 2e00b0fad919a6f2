/* Register tiles with vectors over output channels. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

INLINE void tile_multiply(const tile *t, vector (*sum)[TILE_MAX_VECTORS], const int vectors, const int positions) {
    const ptrdiff_t stride = t->in_stride;
    for (int r = 0; r < t->rows; r++) {
        const float *in = t->in + r * t->in_row_stride;
        const float *weight = t->weight + r * t->weight_row_stride;
        for (int l = 0; l < t->length; l++, in++, weight += vectors * WIDTH) {
            vector w[TILE_MAX_VECTORS];
            UNROLL
            for (int v = 0; v < vectors; v++) w[v] = vector_load(weight + v * WIDTH);
            UNROLL
            for (int p = 0; p < positions; p++) {
                UNROLL
                for (int v = 0; v < vectors; v++) sum[p][v] += w[v] * in[p * stride];
            }
        }
    }
}

INLINE void tile_run(const tile *t, const int vectors, const int positions) {
    vector sum[TILE_MAX_POSITIONS][TILE_MAX_VECTORS];
    const int last = vectors - 1;
    UNROLL
    for (int p = 0; p < positions; p++) {
        const float *from = t->initial ? t->initial : t->out + p * t->out_stride;
        UNROLL
        for (int v = 0; v < last; v++) sum[p][v] = vector_load(from + v * WIDTH);
        sum[p][last] = vector_load_lanes(from + last * WIDTH, t->lanes);
    }
    tile_multiply(t, sum, vectors, positions);
    UNROLL
    for (int p = 0; p < positions; p++) {
        float *out = t->out + p * t->out_stride;
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const int lanes = v == last ? t->lanes : WIDTH;
            if (t->relu) sum[p][v] = vector_zero_where(sum[p][v], sum[p][v] < 0);
            if (t->mask) {
                const vector mask = vector_load_lanes(t->mask + p * t->out_stride + v * WIDTH, lanes);
                sum[p][v] = vector_zero_where(sum[p][v], mask <= 0);
            }
            vector_store_lanes(out + v * WIDTH, sum[p][v], lanes);
        }
    }
}

#define TILE(vectors, positions) \
    static void tile_##vectors##x##positions(const tile *t) { tile_run(t, vectors, positions); }
TILE_SIZES(TILE)

#define TILE_ENTRY(vectors, positions) [vectors][positions] = tile_##vectors##x##positions,
const tile_fn PLAIN_NAME(plain_tiles)[TILE_MAX_VECTORS + 1][TILE_MAX_POSITIONS + 1] = {TILE_SIZES(TILE_ENTRY)};
