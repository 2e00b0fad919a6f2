/* Register tiles with vectors over output channels. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

INLINE void tile_multiply(const tile *t, vector (*sum)[TILE_MAX_VECTORS], const int vectors, const int positions) {
    const ptrdiff_t stride = t->in_stride;
    for (int r = 0; r < t->rows; r++) {
        const float *in = t->in + r * t->in_row_stride;
        const float *weight = t->weight + r * t->weight_row_stride;
        for (int l = 0; l < t->length; l++, in++, weight += vectors * WIDTH)
            vector_outer_product(sum, weight, in, stride, vectors, positions);
    }
}

/* What the end of a tile needs is on its way while the products are summed up. */
INLINE void prefetch(const float *p, ptrdiff_t stride, const int vectors, const int positions) {
    UNROLL
    for (int i = 0; i < positions; i++) {
        UNROLL
        for (int v = 0; v < vectors * WIDTH; v += 16) __builtin_prefetch(p + i * stride + v);
    }
}

INLINE void tile_run(const tile *t, const int vectors, const int positions) {
    vector sum[TILE_MAX_POSITIONS][TILE_MAX_VECTORS];
    const float *from = t->initial ? t->initial : t->out;
    const ptrdiff_t from_stride = t->initial ? 0 : t->out_stride;
    UNROLL
    for (int p = 0; p < positions; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[p][v] = vector_load(from + p * from_stride + v * WIDTH);
    }
    if (!VECTOR_STREAMS || !t->is_shared) prefetch(t->out, t->out_stride, vectors, positions);
    if (t->mask) prefetch(t->mask, t->out_stride, vectors, positions);
    tile_multiply(t, sum, vectors, positions);
    if (t->relu) {
        UNROLL
        for (int p = 0; p < positions; p++) {
            UNROLL
            for (int v = 0; v < vectors; v++) sum[p][v] = vector_zero_where(sum[p][v], sum[p][v] < 0);
        }
    }
    if (t->mask) {
        UNROLL
        for (int p = 0; p < positions; p++) {
            UNROLL
            for (int v = 0; v < vectors; v++)
                sum[p][v] = vector_zero_where(sum[p][v], vector_load(t->mask + p * t->out_stride + v * WIDTH) <= 0);
        }
    }
    if (VECTOR_STREAMS && t->is_shared) {
        UNROLL
        for (int p = 0; p < positions; p++) {
            UNROLL
            for (int v = 0; v < vectors; v++) vector_stream_line(t->out + p * t->out_stride + v * WIDTH, sum[p][v]);
        }
        return;
    }
    UNROLL
    for (int p = 0; p < positions; p++) {
        UNROLL
        for (int v = 0; v < vectors; v++) vector_store(t->out + p * t->out_stride + v * WIDTH, sum[p][v]);
    }
}

typedef void (*tile_fn)(const tile *t);

#define TILE(vectors, positions)                                                                                       \
    static void tile_##vectors##x##positions(const tile *t) {                                                          \
        tile_run(t, vectors, positions);                                                                               \
    }
TILE_SIZES(TILE)

#define TILE_ENTRY(vectors, positions) [vectors][positions] = tile_##vectors##x##positions,
static const tile_fn tile_functions[TILE_MAX_VECTORS + 1][TILE_MAX_POSITIONS + 1] = {TILE_SIZES(TILE_ENTRY)};

/* A tile whose last vector is only partly there, by way of one that is whole. */
static void run_partial(const tile *t, int vectors, int positions) {
    float out[TILE_MAX_POSITIONS * TILE_MAX_VECTORS * WIDTH], mask[TILE_MAX_POSITIONS * TILE_MAX_VECTORS * WIDTH];
    const int width = vectors * WIDTH;
    const size_t bytes = (size_t)t->channels * sizeof(float);
    memset(out, 0, sizeof(float) * (size_t)(positions * width));
    memset(mask, 0, sizeof(float) * (size_t)(positions * width));
    for (int p = 0; p < positions && !t->initial; p++) memcpy(out + p * width, t->out + p * t->out_stride, bytes);
    for (int p = 0; p < positions && t->mask; p++) memcpy(mask + p * width, t->mask + p * t->out_stride, bytes);
    tile whole = *t;
    whole.out = out;
    whole.out_stride = width;
    whole.is_shared = false;
    if (t->mask) whole.mask = mask;
    tile_functions[vectors][positions](&whole);
    for (int p = 0; p < positions; p++) memcpy(t->out + p * t->out_stride, out + p * width, bytes);
}

void PLAIN_NAME(plain_tile)(const tile *t, int vectors, int positions) {
    if (t->channels == vectors * WIDTH)
        tile_functions[vectors][positions](t);
    else
        run_partial(t, vectors, positions);
}
