/* Wgrad (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose work-groups
 * share local memory: transformed tiles never leave it. A work-group makes the sums of two rows of the SIZE x SIZE elements, of
 * WIDE_BLOCK x NARROW_BLOCK channels, over a chunk of the tiles: it transforms DEPTH tiles of both images into local memory, as
 * far as these two rows want, and adds up their products in registers. Rows that differ in the sign of their point share most
 * of their transform, the first and the last nothing. The way back cancels much, so sums
 * begin at 0 after every RUNS of these steps.
 *
 * conv_wgrad_partial makes the sums, and those of dy by work-groups of their own; conv_wgrad_support and conv_wgrad_reduce are
 * those of winograd_wgrad_group.cl. The workspace: sums, dbias [bias chunk][channel], support [part].
 *
 * Macros: those of conv_options, SIZE, STEP, PAIRS, ITEM_WIDE and ITEM_NARROW (channels of an item, multiples of 4), DEPTH
 * (tiles), RUNS. LOCAL is ELEMENT_ITEMS x OWN_ELEMENTS. What conv2d and conv_transpose2d differ in are arguments, as in
 * conv_wgrad_winograd_tiled.cl. */
#define TILES_X ((NARROW_W + STEP - 1) / STEP)
#define TILES_Y ((NARROW_H + STEP - 1) / STEP)

#include "winograd_group.cl"
#include "winograd_wgrad_group.cl"

#define ROW_PAIRS (SIZE / 2)
#define OWN_ELEMENTS (2 * SIZE)
#define ELEMENT_ITEMS 16 /* 4 x 4 blocks of channels */
#define WIDE_BLOCK (4 * ITEM_WIDE)
#define NARROW_BLOCK (4 * ITEM_NARROW)
#define WIDE_BLOCKS ((WIDE_C + WIDE_BLOCK - 1) / WIDE_BLOCK)
#define NARROW_BLOCKS ((NARROW_C + NARROW_BLOCK - 1) / NARROW_BLOCK)
/* Half of the banks further on for the next element, which the other half of a warp reads. */
#define WIDE_STRIDE (DEPTH * WIDE_BLOCK + 16)
#define NARROW_STRIDE (DEPTH * NARROW_BLOCK + 16)

/* Whether no tile reaches beyond the images. */
#define WHOLE_TILES (PAD_H == 0 && PAD_W == 0 && (TILES_Y - 1) * STEP + SIZE <= WIDE_H && \
                     (TILES_X - 1) * STEP + SIZE <= WIDE_W && NARROW_H % STEP == 0 && NARROW_W % STEP == 0)

/* Rows of a pair; pairs are numbers. */
#define FIRST_ROW(pair) ((pair) == 0 ? 0 : 2 * (pair) - 1)
#define SECOND_ROW(pair) ((pair) == 0 ? SIZE - 1 : 2 * (pair))

enum { DATA, WEIGHT };

ALWAYS_INLINE void transform_line(const int kind, const float *in, float *out) {
    if (kind == DATA) TRANSFORM(data, SIZE, SIZE)(in, out);
    else TRANSFORM(weight, SIZE, STEP)(in, out);
}

/* Two elements of a transformed line. Where the pair is no constant, the item chooses among all of them. */
ALWAYS_INLINE void keep_rows(const int pair, const float *line, float *first, float *second) {
    *first = line[0];
    *second = line[SIZE - 1];
    #pragma unroll
    for (int i = 1; i < ROW_PAIRS; i++) {
        *first = pair == i ? line[2 * i - 1] : *first;
        *second = pair == i ? line[2 * i] : *second;
    }
}

/* A square of an image of height x width x channels, at y and x; `from` is its place in the item's channel. */
typedef struct square {
    global const float *from;
    int y, x, height, width, channels;
} square;

/* Rows of a square's transform to elements `stride` apart. With `whole` no part of it is outside. */
ALWAYS_INLINE void stage_rows(const int kind, const int pair, const int whole, const square s, const int stride,
                              local float *to) {
    const int size = kind == DATA ? SIZE : STEP;
    float rows[2][MAX_SIZE], line[MAX_SIZE];
    #pragma unroll
    for (int x = 0; x < size; x++) {
        float in[MAX_SIZE];
        #pragma unroll
        for (int y = 0; y < size; y++)
            in[y] = whole || (s.y + y >= 0 && s.y + y < s.height && s.x + x >= 0 && s.x + x < s.width)
                        ? s.from[(y * s.width + x) * s.channels]
                        : 0;
        transform_line(kind, in, line);
        keep_rows(pair, line, &rows[0][x], &rows[1][x]);
    }
    #pragma unroll
    for (int r = 0; r < 2; r++) {
        transform_line(kind, rows[r], line);
        #pragma unroll
        for (int x = 0; x < SIZE; x++) to[(r * SIZE + x) * stride] = line[x];
    }
}

ALWAYS_INLINE void stage_zeros(const int stride, local float *to) {
    #pragma unroll
    for (int i = 0; i < OWN_ELEMENTS; i++) to[i * stride] = 0;
}

/* Loads of whole squares are in one piece of code for each pair, so that many are on their way at once. */
ALWAYS_INLINE void stage_square(const int kind, int pair, const square s, const int stride, local float *to) {
    const int size = kind == DATA ? SIZE : STEP;
    if (!WHOLE_TILES && !(s.y >= 0 && s.y + size <= s.height && s.x >= 0 && s.x + size <= s.width))
        stage_rows(kind, pair, 0, s, stride, to);
    else if (pair == 0) stage_rows(kind, 0, 1, s, stride, to);
    else if (pair == 1) stage_rows(kind, 1, 1, s, stride, to);
    else if (pair == 2) stage_rows(kind, 2, 1, s, stride, to);
    else stage_rows(kind, 3, 1, s, stride, to);
}

/* DEPTH tiles from `tile` on, as far as there are any before `end`: of each, the item's channels among `block` from c0 on. */
ALWAYS_INLINE void stage(const int kind, int pair, global const float *images, int tile, int end, int c0, const int block,
                         const int stride, local float *staged) {
    const int channels = kind == DATA ? WIDE_C : NARROW_C, height = kind == DATA ? WIDE_H : NARROW_H,
              width = kind == DATA ? WIDE_W : NARROW_W;
    for (int i = get_local_id(0); i < DEPTH * block; i += LOCAL) {
        const int own = tile + i / block, c = c0 + i % block;
        if (own >= end || c >= channels) {
            stage_zeros(stride, staged + i);
            continue;
        }
        const place at = place_of(own, TILES_Y);
        square s = {images, at.y * STEP - (kind == DATA ? PAD_H : 0), at.x * STEP - (kind == DATA ? PAD_W : 0), height, width,
                    channels};
        s.from += (ptrdiff_t)at.image * (height * width * channels) + (s.y * width + s.x) * channels + c;
        stage_square(kind, pair, s, stride, staged + i);
    }
}

/* The item's channels of a block: vector v of them begins at 16 v + 4 own. */
static void add_products(local const float4 *wide, local const float4 *narrow, float4 sums[ITEM_WIDE][ITEM_NARROW / 4]) {
    #pragma unroll
    for (int k = 0; k < DEPTH; k++) {
        float4 columns[ITEM_NARROW / 4];
        #pragma unroll
        for (int v = 0; v < ITEM_NARROW / 4; v++) columns[v] = narrow[k * (NARROW_BLOCK / 4) + v * 4];
        #pragma unroll
        for (int u = 0; u < ITEM_WIDE / 4; u++) {
            const float4 row = wide[k * (WIDE_BLOCK / 4) + u * 4];
            #pragma unroll
            for (int v = 0; v < ITEM_NARROW / 4; v++) {
                sums[4 * u][v] = fma((float4)(row.x), columns[v], sums[4 * u][v]);
                sums[4 * u + 1][v] = fma((float4)(row.y), columns[v], sums[4 * u + 1][v]);
                sums[4 * u + 2][v] = fma((float4)(row.z), columns[v], sums[4 * u + 2][v]);
                sums[4 * u + 3][v] = fma((float4)(row.w), columns[v], sums[4 * u + 3][v]);
            }
        }
    }
}

/* Adds the sums to those of `to`, unless they are the first, and clears them. */
static void put_sums(float4 sums[ITEM_WIDE][ITEM_NARROW / 4], int element, int c, int o, int add, global float *to) {
    #pragma unroll
    for (int i = 0; i < ITEM_WIDE; i++) {
        #pragma unroll
        for (int v = 0; v < ITEM_NARROW / 4; v++) {
            const int row = c + i / 4 * 16 + i % 4, column = o + v * 16;
            global float4 *at = (global float4 *)(to + element * SUMS + row * (SUMS / WIDE_C) + column);
            if (row < WIDE_C && column < NARROW_C) *at = add ? *at + sums[i][v] : sums[i][v];
            sums[i][v] = (float4)(0);
        }
    }
}

/* Work-groups: pairs of rows of blocks of channels; chunks, then dbias, which has less to do. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                        global const float *dy, ulong dy_offset, global float *work, ulong work_offset, ulong dbias_at, int tiles,
                        int chunk, int chunks, ulong dy_pixels, int bias_chunks, int dy_c) {
    local float4 staged_wide[OWN_ELEMENTS * WIDE_STRIDE / 4], staged_narrow[OWN_ELEMENTS * NARROW_STRIDE / 4];
    const int group = GROUP_ID(0, LOCAL), pair = group % ROW_PAIRS, block = group / ROW_PAIRS;
    work += work_offset;
    if (GROUP_ID(1, 1) >= chunks) {
        const int part = (GROUP_ID(1, 1) - chunks) * (ROW_PAIRS * WIDE_BLOCKS * NARROW_BLOCKS) + group;
        const size_t length = (dy_pixels + bias_chunks - 1) / bias_chunks, from = min(part * length, (size_t)dy_pixels);
        if (part >= bias_chunks) return;
        partial_bias((local float *)staged_wide, dy + dy_offset, dy_c, from, min(from + length, (size_t)dy_pixels), 0, 1,
                     work + dbias_at + part * dy_c);
        return;
    }
    /* The remainder says that one block is number 0. */
    const int c0 = block / NARROW_BLOCKS % WIDE_BLOCKS * WIDE_BLOCK, o0 = block % NARROW_BLOCKS * NARROW_BLOCK;
    const int own = (uint)get_local_id(0) / ELEMENT_ITEMS;
    const int own_c = get_local_id(0) % ELEMENT_ITEMS / 4, own_o = get_local_id(0) % 4;
    const int element = (own < SIZE ? FIRST_ROW(pair) : SECOND_ROW(pair)) * SIZE + own % SIZE;
    const int first = GROUP_ID(1, 1) * chunk, end = min(first + chunk, tiles);
    float4 sums[ITEM_WIDE][ITEM_NARROW / 4];
    #pragma unroll
    for (int i = 0; i < ITEM_WIDE; i++) {
        #pragma unroll
        for (int v = 0; v < ITEM_NARROW / 4; v++) sums[i][v] = (float4)(0);
    }
    work += GROUP_ID(1, 1) * SLICE;
    for (int tile = first; tile < end; tile += DEPTH) {
        stage(DATA, pair, wide + wide_offset, tile, end, c0, WIDE_BLOCK, WIDE_STRIDE, (local float *)staged_wide);
        stage(WEIGHT, pair, narrow + narrow_offset, tile, end, o0, NARROW_BLOCK, NARROW_STRIDE, (local float *)staged_narrow);
        barrier(CLK_LOCAL_MEM_FENCE);
        add_products(staged_wide + own * (WIDE_STRIDE / 4) + own_c, staged_narrow + own * (NARROW_STRIDE / 4) + own_o, sums);
        barrier(CLK_LOCAL_MEM_FENCE);
        const int run = (tile - first) / DEPTH;
        if (run % RUNS == RUNS - 1 || tile + DEPTH >= end)
            put_sums(sums, element, c0 + 4 * own_c, o0 + 4 * own_o, run >= RUNS, work);
    }
}
