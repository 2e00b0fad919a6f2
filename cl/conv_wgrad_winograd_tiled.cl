/* Wgrad (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose work-groups
 * share local memory. Tiles of SIZE x SIZE of wide and of STEP x STEP of narrow are transformed; their products, summed up over
 * all tiles, are transformed back to the weights. For a group of tiles, conv_wgrad_transform transforms both, and
 * conv_wgrad_product adds up the products of each chunk of `chunk` tiles: a matrix product for each of the SIZE x SIZE
 * elements. With the first group, conv_wgrad_transform adds up chunks of dy too. conv_wgrad_reduce adds the chunks
 * up in order, and transforms the sums. conv_wgrad_support marks where channels are not 0, a part of the batch by each
 * work-group.
 *
 * A group is `rows` rows of tiles from row_first on, of `images` images; `tiles` are all its tiles.
 * The workspace: sums [chunk][SIZE x SIZE][wide][narrow], narrow padded to whole vectors, dbias [bias chunk][channel], support [part], then the group's
 * [SIZE x SIZE][tile][wide] and [SIZE x SIZE][tile][narrow]; tiles_at is the place of these.
 *
 * Macros: those of conv_options, SIZE, STEP, PAIRS, PRODUCT_ITEMS, BLOCK_COLUMNS, ROW_VECTORS, DEPTH. What conv2d and
 * conv_transpose2d differ in are arguments, so that they share programs: transposed (dy is wide, dweight is
 * [kh][kw][narrow][wide]) and dy_c, the elements of dbias, 0 for none. */
#define TILES_X ((NARROW_W + STEP - 1) / STEP)

#define COLUMNS NARROW_C
#define A_BY_ROW 0
#define WHOLE_A (WIDE_C % 4 == 0)
#include "winograd_group.cl"
#include "winograd_product.cl"
#include "winograd_wgrad_group.cl"

/* The group's tiles, and the pair of a work-item. */
typedef struct own_pair {
    int pair, pairs;
    place tile;
} own_pair;

static own_pair own_pair_of(int images, int rows, int channels) {
    own_pair p = {GROUP_ID(0, LOCAL) * PAIRS + OWN_PAIR, images * rows * TILES_X * channels, {0, 0, 0}};
    p.tile = place_of(p.pair / channels, rows);
    return p;
}

/* The item's column of the pair's square, `size` x `size` of an image of height x width x channels at y0 and x0. */
ALWAYS_INLINE void load_column(const int size, own_pair p, int y0, int x0, const int height, const int width,
                               const int channels, global const float *images, float *column) {
    const int x = x0 + OWN_LINE;
    const bool inside = OWN_LINE < size && p.pair < p.pairs && x >= 0 && x < width;
    images += (size_t)p.tile.image * (height * width * channels) + p.pair % channels;
    #pragma unroll
    for (int i = 0; i < size; i++) {
        int y = y0 + i;
        column[i] = inside && y >= 0 && y < height ? images[(y * width + x) * channels] : 0;
    }
}

static void store_row(own_pair p, const float *row, global float *to) {
    if (p.pair >= p.pairs) return;
    to += OWN_LINE * SIZE * p.pairs + p.pair;
    #pragma unroll
    for (int x = 0; x < SIZE; x++) to[x * p.pairs] = row[x];
}

/* Work-groups: pairs, or blocks of channels x chunks of dy, whichever are more; wide, narrow and, with the first group of
 * tiles, dy. All of them meet at one barrier, which not every compiler would allow them to do in branches. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_transform(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                           global const float *dy, ulong dy_offset, global float *work, ulong work_offset, ulong dbias_at,
                           ulong tiles_at, int images, int row_first, int rows, ulong dy_pixels, int bias_chunks, int dy_c) {
    local float squares[SQUARES];
    const own_pair w = own_pair_of(images, rows, WIDE_C), n = own_pair_of(images, rows, NARROW_C);
    const int side = GROUP_ID(1, 1), chunk = GROUP_ID(0, LOCAL) % max(bias_chunks, 1);
    const int c0 = GROUP_ID(0, LOCAL) / max(bias_chunks, 1) * LOCAL;
    float in[MAX_SIZE], column[MAX_SIZE], row[MAX_SIZE];
    work += work_offset;
    if (side == 0) {
        load_column(SIZE, w, (row_first + w.tile.y) * STEP - PAD_H, w.tile.x * STEP - PAD_W, WIDE_H, WIDE_W, WIDE_C,
                    wide + wide_offset, in);
        TRANSFORM(data, SIZE, SIZE)(in, column);
        put_column(SIZE, OWN_LINE, column, squares);
    } else if (side == 1) {
        load_column(STEP, n, (row_first + n.tile.y) * STEP, n.tile.x * STEP, NARROW_H, NARROW_W, NARROW_C,
                    narrow + narrow_offset, in);
        TRANSFORM(weight, SIZE, STEP)(in, column);
        if (OWN_LINE < STEP) put_column(SIZE, OWN_LINE, column, squares);
    } else if (c0 < dy_c) {
        const size_t length = (dy_pixels + bias_chunks - 1) / bias_chunks, first = chunk * length;
        squares[get_local_id(0)] = bias_of_item(dy + dy_offset, dy_c, c0, first, min(first + length, (size_t)dy_pixels));
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (side == 0) {
        take_row(SIZE, OWN_LINE, squares, column);
        TRANSFORM(data, SIZE, SIZE)(column, row);
        store_row(w, row, work + tiles_at);
    } else if (side == 1) {
        take_row(STEP, OWN_LINE, squares, column);
        TRANSFORM(weight, SIZE, STEP)(column, row);
        store_row(n, row, work + tiles_at + ELEMENTS * w.pairs);
    } else if (c0 < dy_c) {
        put_bias(squares, dy_c, c0, work + dbias_at + chunk * dy_c);
    }
}

/* Work-groups: blocks; elements; chunks. `add`: to the sums of the groups before. */
PRODUCT_KERNEL
void conv_wgrad_product(global const float *from, ulong from_offset, global float *to, ulong to_offset, ulong tiles_at,
                         int tiles, int chunk, int add) {
    local float4 a[DEPTH * A_VECTORS], b[DEPTH * B_VECTORS];
    const int block = GROUP_ID(0, PRODUCT_ITEMS), element = GROUP_ID(1, 1), first = GROUP_ID(2, 1) * chunk;
    from += from_offset + tiles_at;
    const matrices m = {from + element * WIDE_C * tiles, from + (ELEMENTS * WIDE_C + element * NARROW_C) * tiles,
                        to + to_offset + GROUP_ID(2, 1) * SLICE + element * SUMS, WIDE_C, WIDE_C};
    product(a, b, m, block / BLOCKS_X * BLOCK_ROWS, block % BLOCKS_X * BLOCK_COLUMNS, first, min(first + chunk, tiles), add);
}
