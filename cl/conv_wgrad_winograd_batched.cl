/* Wgrad (src/ops/conv.h) by Winograd's algorithm where channels are many and images small, for devices whose work-items are
 * threads with vector units: sums would outgrow the cache, so the tiles of many images are transformed first, and a task takes
 * WIDE_BLOCK channels of wide, of one of its phases, and NARROW_BLOCK of narrow from beginning to end. The way back cancels much:
 * the products of SUM_TILES tiles are added up before they are added to those of others.
 *
 * Macros: TAPS (of a phase, on an axis), SIZE, LANES (divides the channels), WIDE_BLOCK and NARROW_BLOCK (divide them, in whole
 * vectors), VECTORS (divides NARROW_BLOCK / LANES), POSITIONS. The rest are arguments: the geometry, transposed (dy is wide,
 * dweight is [kh][kw][narrow][wide]), dy_c, the elements of dbias, 0 for none, and how tiles and tasks lie in memory. */
#include "conv_geometry.cl"
#include "winograd_phase.cl"
#include "winograd.cl"
#include "winograd_support.cl"
#include "winograd_wgrad.cl"

#define A_ROW 1
#define A_STEP WIDE_BLOCK
#define B_STEP NARROW_BLOCK
#define C_ROW NARROW_BLOCK
#include "matrix_tile.cl"

#define SUM_TILES 32
#define SUM_STRIDE (WIDE_BLOCK * NARROW_BLOCK)

/* A work-item for each part of the batch, of `chunk` images, finds its slice: dbias, and the support. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_support(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                        global float *slices, ulong slices_offset, conv_geometry g, int chunk, int transposed, int dy_c,
                        ulong slice) {
    const size_t wide_pixels = g.wide_h * g.wide_w, narrow_pixels = g.narrow_h * g.narrow_w;
    const size_t dy_pixels = transposed ? wide_pixels : narrow_pixels;
    const size_t first = get_global_id(0) * chunk, end = min(first + chunk, (size_t)g.n);
    wide += wide_offset, narrow += narrow_offset;
    slices += slices_offset + get_global_id(0) * slice;
    for (size_t i = 0; i < slice; i++) slices[i] = 0;
    if (dy_c) add_bias(transposed ? wide : narrow, dy_c, first * dy_pixels, end * dy_pixels, slices);
    #pragma unroll 1
    for (size_t i = first; i < end; i++)
        add_supports(g, wide + i * wide_pixels * g.wide_c, narrow + i * narrow_pixels * g.narrow_c,
                     (global int *)(slices + dy_c));
}

/* A work-item for each tile from `first_tile` on. Tiles are [block of channels][SIZE x SIZE][tile][channel], wide_stride and
 * narrow_stride floats from one element to the next. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_transform(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                          global float *wide_tiles, ulong wide_tiles_offset, global float *narrow_tiles,
                          ulong narrow_tiles_offset, conv_geometry g, int wide_stride, int narrow_stride, int first_tile) {
    const int tile = get_global_id(0), tiles_y = (g.narrow_h + STEP - 1) / STEP, tiles_x = (g.narrow_w + STEP - 1) / STEP;
    const int number_of_all = first_tile + tile, of_image = number_of_all % (tiles_y * tiles_x);
    const size_t image = number_of_all / (tiles_y * tiles_x);
    transform_tiles(g, of_image / tiles_x * STEP, of_image % tiles_x * STEP, 1,
                    wide + wide_offset + image * g.wide_h * g.wide_w * g.wide_c,
                    narrow + narrow_offset + image * g.narrow_h * g.narrow_w * g.narrow_c, WIDE_BLOCK,
                    (tiles_place){wide_tiles + wide_tiles_offset + tile * WIDE_BLOCK, 0, wide_stride}, NARROW_BLOCK,
                    (tiles_place){narrow_tiles + narrow_tiles_offset + tile * NARROW_BLOCK, 0, narrow_stride});
}

/* sums[SIZE x SIZE][WIDE_BLOCK][NARROW_BLOCK] of a task. */
static void multiply(int tiles, global const float *wide, int wide_stride, global const float *narrow, int narrow_stride,
                     global float *sums, int add) {
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, wide += wide_stride, narrow += narrow_stride, sums += SUM_STRIDE) {
        #pragma unroll 1
        for (int first = 0; first < tiles; first += SUM_TILES) {
            const int count = min(tiles - first, SUM_TILES);
            #pragma unroll 1
            for (int o = 0; o < NARROW_BLOCK; o += VECTORS * LANES)
                tile_multiply_rows(WIDE_BLOCK, wide + first * WIDE_BLOCK, narrow + first * NARROW_BLOCK + o, sums + o, count,
                                   add || first > 0);
        }
    }
}

NOT_INLINE void finish(conv_geometry g, int wide_first, int narrow_first, int transposed, int parts, ulong slice,
                       global const int *bits, global const float *sums, global float *dweight) {
    const int number = wide_first / g.wide_c;
    const support s = support_of(g, number, parts, slice);
    #pragma unroll 1
    for (int c = 0; c < WIDE_BLOCK; c++)
    #pragma unroll 1
    for (int o = 0; o < NARROW_BLOCK; o += LANES, sums += LANES)
        put_weights(g, number, wide_first % g.wide_c + c, narrow_first + o, transposed, s, bits, sums, SUM_STRIDE, dweight);
}

static void finish_bias(global const float *slices, ulong slice, int parts, int dy_c, global float *dbias) {
    #pragma unroll 1
    for (int i = 0; i < dy_c; i += LANES) VSTORE(LANES)(add_chunks(slices + i, slice, parts), 0, dbias + i);
}

/* `items` work-items take the tasks of a batch of `tiles` tiles in turn: blocks of both sides. Sums are those of a task,
 * or, where all tiles are in one batch, of a work-item. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_run(global const float *wide_tiles, ulong wide_tiles_offset, global const float *narrow_tiles,
                    ulong narrow_tiles_offset, global float *sums, ulong sums_offset, global const float *slices,
                    ulong slices_offset, global float *dweight, ulong dweight_offset, global float *dbias, ulong dbias_offset,
                    conv_geometry g, int wide_stride, int narrow_stride, int tiles, int is_first, int is_last, int parts,
                    int transposed, int dy_c, ulong slice, int items) {
    const int narrow_blocks = g.narrow_c / NARROW_BLOCK, tasks = wide_channels(g) / WIDE_BLOCK * narrow_blocks;
    slices += slices_offset;
    #pragma unroll 1
    for (int i = get_global_id(0); i < tasks; i += items) {
        const int w = i / narrow_blocks, n = i % narrow_blocks;
        global float *own = sums + sums_offset
                            + (size_t)(is_first && is_last ? (int)get_global_id(0) : i) * (ELEMENTS * SUM_STRIDE);
        multiply(tiles, wide_tiles + wide_tiles_offset + (size_t)w * ELEMENTS * wide_stride, wide_stride,
                 narrow_tiles + narrow_tiles_offset + (size_t)n * ELEMENTS * narrow_stride, narrow_stride, own, !is_first);
        if (is_last)
            finish(g, w * WIDE_BLOCK, n * NARROW_BLOCK, transposed, parts, slice, (global const int *)(slices + dy_c), own,
                   dweight + dweight_offset);
    }
    if (is_last && get_global_id(0) == 0) finish_bias(slices, slice, parts, dy_c, dbias + dbias_offset);
}
