/* Register tiles of one output channel, with vectors over the products: `weight` has one float for each element of in.
 */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

enum { MAX_TAPS = 5, MAX_POSITIONS = 10 };

static vector load_partial(const float *p, int count) {
    vector v = {0};
    memcpy(&v, p, (size_t)count * sizeof(float));
    return v;
}

/* Any positions. */
INLINE void tile_dot_multiply(const tile *t, vector *out, const int positions) {
    vector sum[MAX_POSITIONS];
    UNROLL
    for (int p = 0; p < positions; p++) sum[p] = (vector){0};
    const int whole = t->length / WIDTH * WIDTH, rest = t->length - whole;
    for (int r = 0; r < t->rows; r++) {
        const float *in = t->in + r * t->in_row_stride;
        const float *weight = t->weight + r * t->weight_row_stride;
        for (int l = 0; l < whole; l += WIDTH) {
            const vector w = vector_load(weight + l);
            UNROLL
            for (int p = 0; p < positions; p++) sum[p] = vector_fma(w, vector_load(in + p * t->in_stride + l), sum[p]);
        }
        if (rest == 0) continue;
        const vector w = load_partial(weight + whole, rest);
        UNROLL
        for (int p = 0; p < positions; p++) sum[p] = vector_fma(w, load_partial(in + p * t->in_stride + whole, rest), sum[p]);
    }
    UNROLL
    for (int p = 0; p < positions; p++) out[p] = sum[p];
}

/* Positions that are one tap apart and so share inputs: each input is loaded once for all the taps that meet it. */
INLINE void multiply_overlapping(const tile *t, vector *out, const int positions, const int taps) {
    vector sum[MAX_POSITIONS];
    UNROLL
    for (int p = 0; p < positions; p++) sum[p] = (vector){0};
    for (int r = 0; r < t->rows; r++) {
        const float *in = t->in + r * t->in_row_stride;
        const float *weight = t->weight + r * t->weight_row_stride;
        for (int l = 0; l < t->tap_length; l += WIDTH, in += WIDTH, weight += WIDTH) {
            vector w[MAX_TAPS];
            UNROLL
            for (int u = 0; u < taps; u++) w[u] = vector_load(weight + u * t->tap_length);
            UNROLL
            for (int i = 0; i < positions + taps - 1; i++) {
                const vector x = vector_load(in + i * t->tap_length);
                UNROLL
                for (int u = 0; u < taps; u++)
                    if (i - u >= 0 && i - u < positions) sum[i - u] = vector_fma(x, w[u], sum[i - u]);
            }
        }
    }
    UNROLL
    for (int p = 0; p < positions; p++) out[p] = sum[p];
}

typedef void (*multiply_fn)(const tile *t, vector *sum);

#define MULTIPLY(vectors, positions)                                                                                   \
    static void multiply_##positions(const tile *t, vector *sum) {                                                     \
        tile_dot_multiply(t, sum, positions);                                                                          \
    }
TILE_DOT_SIZES(MULTIPLY)

#define MULTIPLY_ENTRY(vectors, positions) [positions] = multiply_##positions,
static const multiply_fn any[MAX_POSITIONS + 1] = {TILE_DOT_SIZES(MULTIPLY_ENTRY)};

#define OVERLAPPING(taps, positions)                                                                                   \
    static void overlapping_##taps##x##positions(const tile *t, vector *sum) {                                         \
        multiply_overlapping(t, sum, positions, taps);                                                                 \
    }
TILE_OVERLAP_SIZES(OVERLAPPING)

#define OVERLAPPING_ENTRY(taps, positions) [taps][positions] = overlapping_##taps##x##positions,
static const multiply_fn overlapping[MAX_TAPS + 1][MAX_POSITIONS + 1] = {TILE_OVERLAP_SIZES(OVERLAPPING_ENTRY)};

static multiply_fn choose(const tile *t, int positions) {
    const int taps = t->length / t->tap_length;
    if (t->in_stride == t->tap_length && t->length % t->tap_length == 0 && t->tap_length % WIDTH == 0 &&
        taps <= MAX_TAPS && overlapping[taps][positions])
        return overlapping[taps][positions];
    return any[positions];
}

void PLAIN_NAME(plain_tile_dot)(const tile *t, int vectors, int positions) {
    (void)vectors;
    vector sum[MAX_POSITIONS];
    choose(t, positions)(t, sum);
    for (int p = 0; p < positions; p++) {
        float *out = t->out + p * t->out_stride;
        float result = (t->initial ? *t->initial : *out) + vector_sum(sum[p]);
        if (t->relu && result < 0) result = 0;
        if (t->mask && t->mask[p * t->out_stride] <= 0) result = 0;
        *out = result;
    }
}
