/* Winograd's transforms of tiles by one work-item, LANES channels at a time: what conv_gather_spread_winograd.cl and
 * conv_wgrad_winograd.cl share. Included after winograd_phase.cl. */
#include "winograd_line.cl"

/* Tiles side by side whose columns stay in the first-level cache. */
#define STRIP_TILES 6
#define MAX_COLUMNS (MAX_SIZE + (STRIP_TILES - 1) * STEP)

enum { DATA, WEIGHT, SUM };

/* One line, from `from` to `to` elements; all but x and y are constants. */
ALWAYS_INLINE void line(const int kind, const int from, const int to, const lanes *x, lanes *y) {
    if (kind == DATA && from == 8) winograd_data_8_8(x, y);
    if (kind == DATA && from == 6) winograd_data_6_6(x, y);
    if (kind == DATA && from == 5) winograd_data_5_5(x, y);
    if (kind == WEIGHT && from == 5) winograd_weight_8_5(x, y);
    if (kind == WEIGHT && from == 4 && to == 8) winograd_weight_8_4(x, y);
    if (kind == WEIGHT && from == 4 && to == 6) winograd_weight_6_4(x, y);
    if (kind == WEIGHT && from == 4 && to == 5) winograd_weight_5_4(x, y);
    if (kind == WEIGHT && from == 3) winograd_weight_6_3(x, y);
    if (kind == WEIGHT && from == 2) winograd_weight_5_2(x, y);
    if (kind == SUM && from == 8 && to == 4) winograd_sum_4_8(x, y);
    if (kind == SUM && from == 8 && to == 5) winograd_sum_5_8(x, y);
    if (kind == SUM && from == 6 && to == 4) winograd_sum_4_6(x, y);
    if (kind == SUM && from == 6 && to == 3) winograd_sum_3_6(x, y);
    if (kind == SUM && from == 5 && to == 4) winograd_sum_4_5(x, y);
    if (kind == SUM && from == 5 && to == 2) winograd_sum_2_5(x, y);
}

/* The part of `size` positions from `first` on that is inside an image of `length`: first .. end - 1. */
static int2 inside(int first, int size, int length) {
    int2 part = (int2)(max(-first, 0), min(length - first, size));
    return (int2)(part.x, max(part.x, part.y));
}

/* The first half of the transforms of squares in memory, from x from, to `to` x `to`: columns[y][x], to x count. What is
 * outside ys and xs counts as 0. */
ALWAYS_INLINE void transform_columns(const int kind, const int from, const int to, int count, global const float *p,
                                     int y_stride, int x_stride, int2 ys, int2 xs,
                                     lanes columns[MAX_SIZE][MAX_COLUMNS]) {
    #pragma unroll 1
    for (int x = 0; x < count; x++, p += x_stride) {
        lanes in[MAX_SIZE], out[MAX_SIZE];
        if (x < xs.x || x >= xs.y) {
            #pragma unroll
            for (int y = 0; y < to; y++) columns[y][x] = (lanes)(0);
            continue;
        }
        if (ys.x == 0 && ys.y == from) {
            #pragma unroll
            for (int y = 0; y < from; y++) in[y] = VLOAD(LANES)(0, p + y * y_stride);
        } else {
            #pragma unroll
            for (int y = 0; y < from; y++)
                in[y] = y >= ys.x && y < ys.y ? VLOAD(LANES)(0, p + y * y_stride) : (lanes)(0);
        }
        line(kind, from, to, in, out);
        #pragma unroll
        for (int y = 0; y < to; y++) columns[y][x] = out[y];
    }
}

/* Columns of `tiles` squares side by side, which share some where they are larger than STEP. */
static int columns_of(int tiles, int size) {
    return (tiles - 1) * STEP + size;
}

/* Their transforms, `tile_step` elements apart: to x to vectors, `stride` elements apart. */
ALWAYS_INLINE void transform(const int kind, const int from, const int to, int tiles, global const float *p,
                             int y_stride, int x_stride, int2 ys, int2 xs, global float *result, int tile_step,
                             int stride) {
    lanes columns[MAX_SIZE][MAX_COLUMNS];
    transform_columns(kind, from, to, columns_of(tiles, from), p, y_stride, x_stride, ys, xs, columns);
    #pragma unroll 1
    for (int tile = 0; tile < tiles; tile++, result += tile_step)
        #pragma unroll 1
        for (int y = 0; y < to; y++) {
            lanes out[MAX_SIZE];
            line(kind, from, to, columns[y] + tile * STEP, out);
            #pragma unroll
            for (int x = 0; x < to; x++) VSTORE(LANES)(out[x], 0, result + (y * to + x) * stride);
        }
}
