/* Spread, a row of the input at a time. */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"

static const tile_limits conv_col2im_limits = TILE_LIMITS;

/* columns[position][column] of a row of the input. */
static void conv_col2im_multiply_row(const col2im *c, const float *in, const float *weights, float *columns) {
    static const float zeros[TILE_MAX_VECTORS * WIDTH];
    const int vectors = c->panel / WIDTH;
    for (int first = 0; first < c->columns; first += c->panel, weights += c->g.narrow_c * c->panel) {
        tile t = {.in = in,
                  .weight = weights,
                  .in_stride = c->g.narrow_c,
                  .rows = 1,
                  .length = c->g.narrow_c,
                  .out = columns + first,
                  .out_stride = c->columns,
                  .initial = zeros,
                  .channels = c->panel};
        for (int left = c->g.narrow_w, size; left > 0; left -= size) {
            size = tile_next(left, conv_col2im_limits.max_positions[vectors]);
            PLAIN_NAME(plain_tile)(&t, vectors, size);
            t.in += size * t.in_stride;
            t.out += size * t.out_stride;
        }
    }
}

/* Adds `length` floats in whole vectors: what is behind them in `from` does not count, and there is room behind `to`.
 */
INLINE void conv_col2im_add_segment(const float *from, int length, vector_mask behind, float *to) {
    int i = 0;
    for (; i + WIDTH <= length; i += WIDTH) vector_store(to + i, vector_load(to + i) + vector_load(from + i));
    if (i < length) vector_store(to + i, vector_load(to + i) + vector_zero_where(vector_load(from + i), behind));
}

/* Row by row at each position: what is added to a row must wait for what was added to it before. */
static void conv_col2im_add_columns(const col2im *c, const float *columns, int y, float *sums) {
    const ptrdiff_t step = (ptrdiff_t)c->g.sw * c->g.wide_c;
    const int first = y * c->g.sh % c->rows;
    vector_mask behind = {0};
    for (int lane = 0; lane < WIDTH; lane++) behind[lane] = lane < c->segment % WIDTH ? 0 : -1;
    for (int x = 0; x < c->g.narrow_w; x++, columns += c->columns, sums += step)
        for (int k = 0, row = first; k < c->g.kh; k++, row = row + 1 == c->rows ? 0 : row + 1)
            conv_col2im_add_segment(columns + k * c->segment, c->segment, behind, sums + row * c->row_floats);
}

static void conv_col2im_finish_row(const col2im *c, const col2im_args *args, const float *sums, ptrdiff_t at) {
    const int count = c->g.wide_w * c->g.wide_c;
    float *out = args->out + at;
    const float *mask = args->mask ? args->mask + at : NULL;
    sums += (ptrdiff_t)c->g.pw * c->g.wide_c;
    for (int i = 0; i < count; i++) {
        float value = sums[i] + args->bias[i];
        if (c->relu && value < 0) value = 0;
        if (mask && mask[i] <= 0) value = 0;
        out[i] = value;
    }
}

/* Row `y` of the padded output, of which nothing is left to add. */
static void conv_col2im_finish_padded_row(const col2im *c, const col2im_args *args, int image, int y, float *sums) {
    const conv_geometry *g = &c->g;
    if (y >= g->ph && y < g->ph + g->wide_h)
        conv_col2im_finish_row(c, args, sums, ((ptrdiff_t)image * g->wide_h + y - g->ph) * g->wide_w * g->wide_c);
    memset(sums, 0, (size_t)c->row_floats * sizeof(float));
}

/* `scratch` has room for the columns of a row of the input and for the rows of sums, which take turns. */
void PLAIN_NAME(plain_col2im)(const col2im *c, const col2im_args *args, int image, float *scratch) {
    const conv_geometry *g = &c->g;
    float *columns = scratch, *sums = scratch + (size_t)g->narrow_w * (size_t)c->columns;
    memset(sums, 0, (size_t)c->rows * (size_t)c->row_floats * sizeof(float));
    for (int y = 0; y < g->narrow_h; y++) {
        const float *in = args->in + ((ptrdiff_t)image * g->narrow_h + y) * g->narrow_w * g->narrow_c;
        conv_col2im_multiply_row(c, in, args->weights, columns);
        conv_col2im_add_columns(c, columns, y, sums);
        for (int k = 0; k < g->sh; k++)
            conv_col2im_finish_padded_row(c, args, image, y * g->sh + k,
                                          sums + (y * g->sh + k) % c->rows * c->row_floats);
    }
    for (int y = g->narrow_h * g->sh; y < g->ph + g->wide_h; y++)
        conv_col2im_finish_padded_row(c, args, image, y, sums + y % c->rows * c->row_floats);
}
