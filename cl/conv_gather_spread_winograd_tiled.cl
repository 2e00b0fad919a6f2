/* Gather and spread (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose
 * work-groups share local memory. Tiles of STEP x STEP outputs are made from SIZE x SIZE inputs, for a group of tiles in three
 * passes: conv_transform transforms the inputs, conv_product multiplies them by the weights, a matrix product over the
 * channels for each of the SIZE x SIZE elements, conv_finish transforms the sums back. conv_pack transforms the weights
 * before the first group.
 *
 * A group is `rows` rows of tiles from row_first on, of `images` images; `tiles` are all its tiles.
 * The workspace: weights [SIZE x SIZE][in][out], inputs [SIZE x SIZE][tile][in], sums [SIZE x SIZE][tile][out], out padded to whole vectors.
 *
 * Macros: those of conv_options, SIZE, STEP, TAPS, PAIRS, PRODUCT_ITEMS, BLOCK_COLUMNS, ROW_VECTORS, DEPTH. What forward and backward
 * differ in are arguments, so that they share programs: transposed (weights are [kh][kw][out][in]), bias and mask, which may be
 * NULL, and relu. */
#define TILES_X ((OUT_W + STEP - 1) / STEP)
#define BASE_Y (SPREAD ? PAD_H - KERNEL_H + 1 : -PAD_H)
#define BASE_X (SPREAD ? PAD_W - KERNEL_W + 1 : -PAD_W)
#define TAP (IN_C * OUT_C)
#define INPUTS_AT (ELEMENTS * TAP)
#define SUMS_AT(tiles) (INPUTS_AT + ELEMENTS * IN_C * tiles)

#define COLUMNS OUT_C
#define A_BY_ROW 1
#define WHOLE_A (IN_C % 4 == 0)
#include "winograd_group.cl"
#include "winograd_product.cl"
#define PACK_IN IN_C
#define PACK_OUT OUT_C
#define PACKED(element, c, o) ((element) * TAP + (c) * OUT_C + (o))
#include "winograd_pack.cl"

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_transform(global const float *in, ulong in_offset, global float *work, ulong work_offset, int images,
                    int row_first, int rows) {
    local float squares[SQUARES];
    const int own = OWN_LINE, pair = GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, pairs = images * rows * TILES_X * IN_C;
    const place tile = place_of(pair / IN_C, rows);
    const int y0 = (row_first + tile.y) * STEP + BASE_Y, x = tile.x * STEP + BASE_X + own;
    const bool inside = pair < pairs && x >= 0 && x < IN_W;
    float in_column[MAX_SIZE], column[MAX_SIZE], row[MAX_SIZE];
    in += in_offset + (size_t)tile.image * (IN_H * IN_W * IN_C) + pair % IN_C;
    #pragma unroll
    for (int i = 0; i < SIZE; i++) {
        int y = y0 + i;
        in_column[i] = inside && y >= 0 && y < IN_H ? in[(y * IN_W + x) * IN_C] : 0;
    }
    TRANSFORM(data, SIZE, SIZE)(in_column, column);
    put_column(SIZE, own, column, squares);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (pair >= pairs) return;
    take_row(SIZE, own, squares, column);
    TRANSFORM(data, SIZE, SIZE)(column, row);
    work += work_offset + INPUTS_AT + own * SIZE * pairs + pair;
    #pragma unroll
    for (int i = 0; i < SIZE; i++) work[i * pairs] = row[i];
}

/* Work-groups: blocks of tiles; blocks of channels; elements. */
PRODUCT_KERNEL
void conv_product(global const float *from, ulong from_offset, global float *to, ulong to_offset, int tiles) {
    local float4 a[DEPTH * A_VECTORS], b[DEPTH * B_VECTORS];
    const int element = GROUP_ID(2, 1), row0 = GROUP_ID(0, PRODUCT_ITEMS) * BLOCK_ROWS;
    if (row0 >= tiles) return;
    from += from_offset;
    const matrices m = {from + INPUTS_AT + element * IN_C * tiles, from + element * TAP,
                        to + to_offset + SUMS_AT(tiles) + element * PADDED_COLUMNS * tiles, tiles, IN_C};
    product(a, b, m, row0, GROUP_ID(1, 1) * BLOCK_COLUMNS, 0, IN_C, 0);
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_finish(global const float *work, ulong work_offset, global const float *bias, ulong bias_offset,
                 global const float *mask, ulong mask_offset, global float *out, ulong out_offset, int images,
                 int row_first, int rows, int relu) {
    local float squares[SQUARES];
    const int tiles = images * rows * TILES_X, pairs = tiles * OUT_C;
    const int own = OWN_LINE, pair = GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, o = pair % OUT_C;
    float sums[MAX_SIZE], column[MAX_SIZE], row[MAX_SIZE];
    const int element = tiles * PADDED_COLUMNS;
    work += work_offset + SUMS_AT(tiles) + own * element + pair / OUT_C * PADDED_COLUMNS + o;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) sums[y] = pair < pairs ? work[y * SIZE * element] : 0;
    TRANSFORM(sum, STEP, SIZE)(sums, column);
    put_column(STEP, own, column, squares);
    barrier(CLK_LOCAL_MEM_FENCE);
    const place tile = place_of(pair / OUT_C, rows);
    const int y = (row_first + tile.y) * STEP + own, x0 = tile.x * STEP;
    if (own >= STEP || pair >= pairs || y >= OUT_H) return;
    take_row(SIZE, own, squares, column);
    TRANSFORM(sum, STEP, SIZE)(column, row);
    const size_t first = (((size_t)tile.image * OUT_H + y) * OUT_W + x0) * OUT_C + o;
    const float added = bias ? bias[bias_offset + o] : 0;
    #pragma unroll
    for (int x = 0; x < STEP; x++) {
        if (x0 + x >= OUT_W) continue;
        float value = row[x] + added;
        if (relu) value = value < 0 ? 0 : value;
        if (mask) value = mask[mask_offset + first + x * OUT_C] <= 0 ? 0 : value;
        out[out_offset + first + x * OUT_C] = value;
    }
}
