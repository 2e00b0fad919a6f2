/* Gradients of weights: register tiles of wide channels (of one kernel row, side by side with its taps) by vectors of
 * narrow channels, summed up over the positions of some rows at a time, which stay in the L2 cache. */
#include "base/numbers.h"
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

static const tile_limits conv_direct_wgrad_limits = TILE_LIMITS;

/* One row of positions, in elements from the start of `wide` and `narrow`. */
typedef struct row {
    ptrdiff_t wide, narrow;
} row;

typedef struct wgrad_tile {
    const float *wide, *narrow;
    const row *rows;
    int row_count, positions;
    ptrdiff_t wide_stride, narrow_stride; /* between positions */
    float *sum;
    ptrdiff_t sum_stride;
} wgrad_tile;

typedef void (*wgrad_tile_fn)(const wgrad_tile *t);

INLINE void wgrad_tile_run(const wgrad_tile *t, const int vectors, const int elements) {
    vector sum[TILE_MAX_POSITIONS][TILE_MAX_VECTORS];
    UNROLL
    for (int e = 0; e < elements; e++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[e][v] = vector_load(t->sum + e * t->sum_stride + v * WIDTH);
    }
    for (int r = 0; r < t->row_count; r++) {
        const float *wide = t->wide + t->rows[r].wide, *narrow = t->narrow + t->rows[r].narrow;
        for (int i = 0; i < t->positions; i++, wide += t->wide_stride, narrow += t->narrow_stride)
            vector_outer_product(sum, narrow, wide, 1, vectors, elements);
    }
    UNROLL
    for (int e = 0; e < elements; e++) {
        UNROLL
        for (int v = 0; v < vectors; v++) vector_store(t->sum + e * t->sum_stride + v * WIDTH, sum[e][v]);
    }
}

#define WGRAD_TILE(vectors, elements)                                                                                  \
    static void wgrad_tile_##vectors##x##elements(const wgrad_tile *t) {                                               \
        wgrad_tile_run(t, vectors, elements);                                                                          \
    }
TILE_SIZES(WGRAD_TILE)

#define WGRAD_ENTRY(vectors, elements) [vectors][elements] = wgrad_tile_##vectors##x##elements,
static const wgrad_tile_fn wgrad_tile_functions[TILE_MAX_VECTORS + 1][TILE_MAX_POSITIONS + 1] = {
    TILE_SIZES(WGRAD_ENTRY)};

/* The rows among narrow rows first .. end-1 of the batch that kernel row ky meets. */
static int meeting_rows(const wgrad *f, int ky, int first, int end, row *rows) {
    const conv_geometry *g = &f->g;
    const ptrdiff_t wide_row = (ptrdiff_t)g->wide_w * g->wide_c;
    const ptrdiff_t narrow_row = (ptrdiff_t)g->narrow_w * f->padded_channels;
    int count = 0;
    for (int r = first; r < end; r++) {
        const int image = r / g->narrow_h, wide_y = r % g->narrow_h * g->sh + ky - g->ph;
        if (wide_y < 0 || wide_y >= g->wide_h) continue;
        rows[count].wide = ((ptrdiff_t)image * g->wide_h + wide_y) * wide_row;
        rows[count].narrow = r * narrow_row;
        count++;
    }
    return count;
}

static void sum_segment(const wgrad *f, const wgrad_segment *segment, wgrad_tile t) {
    const conv_geometry *g = &f->g;
    const int tap = segment->first / g->wide_c;
    t.positions = segment->positions;
    t.wide += ((ptrdiff_t)segment->position_first * g->sw + tap - g->pw) * g->wide_c;
    t.narrow += segment->position_first * t.narrow_stride;
    t.sum += segment->first * t.sum_stride;
    const int all = f->padded_channels / WIDTH, blocks = divide_up(all, conv_direct_wgrad_limits.max_vectors);
    for (int b = 0, vectors; b < blocks; b++) {
        vectors = all / blocks + (b < all % blocks);
        wgrad_tile block = t;
        for (int left = segment->length, size; left > 0; left -= size) {
            size = tile_next(left, conv_direct_wgrad_limits.max_positions[vectors]);
            wgrad_tile_functions[vectors][size](&block);
            block.wide += size;
            block.sum += size * t.sum_stride;
        }
        t.narrow += vectors * WIDTH;
        t.sum += vectors * WIDTH;
    }
}

/* Sums dy up in step with the rows of the chunk, while they are in the cache. */
static void sum_bias(const wgrad_args *args, int split, size_t narrow_rows, size_t all_rows, size_t first, size_t end) {
    const size_t from = first * all_rows / narrow_rows, to = end * all_rows / narrow_rows;
    const size_t channels = (size_t)args->dy_channels;
    PLAIN_NAME(plain_column_sums)
    (args->dy + from * channels, to - from, channels, args->bias_partials + (size_t)split * channels);
}

void PLAIN_NAME(plain_wgrad)(const wgrad *f, const wgrad_args *args, int split, int group) {
    const conv_geometry *g = &f->g;
    const conv_range images = wgrad_split(g->n, f->splits, split);
    const int first_ky = group * f->rows_per_group;
    const int end_ky = smaller(first_ky + f->rows_per_group, g->kh);
    const ptrdiff_t sums_of_row = (ptrdiff_t)g->kw * g->wide_c * f->padded_channels;
    float *sums = args->partials + split * (ptrdiff_t)f->partial_floats;
    memset(sums + first_ky * sums_of_row, 0, (size_t)((end_ky - first_ky) * sums_of_row) * sizeof(float));
    const bool with_bias = args->dy && group == 0;
    if (with_bias)
        memset(args->bias_partials + split * args->dy_channels, 0, (size_t)args->dy_channels * sizeof(float));

    row rows[WGRAD_MAX_ROWS];
    const int last = images.end * g->narrow_h;
    for (int first = images.first * g->narrow_h, end; first < last; first = end) {
        end = smaller(first + f->rows_per_chunk, last);
        wgrad_tile t = {.wide = args->wide,
                        .narrow = args->narrow,
                        .rows = rows,
                        .wide_stride = (ptrdiff_t)g->sw * g->wide_c,
                        .narrow_stride = f->padded_channels,
                        .sum_stride = f->padded_channels};
        for (int ky = first_ky; ky < end_ky; ky++) {
            t.row_count = meeting_rows(f, ky, first, end, rows);
            t.sum = sums + ky * sums_of_row;
            for (int s = 0; s < f->segment_count && t.row_count; s++) sum_segment(f, &f->segments[s], t);
        }
        if (with_bias)
            sum_bias(args, split, (size_t)g->n * (size_t)g->narrow_h, (size_t)g->n * (size_t)args->dy_rows,
                     (size_t)first, (size_t)end);
    }
}
