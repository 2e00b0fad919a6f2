/* Gather and spread (src/ops/conv.h) by Winograd's algorithm where channels are many and images small, for devices whose
 * work-items are threads with vector units: transformed weights would outgrow the cache, so the tiles of many images are
 * transformed first. Then a task takes a panel of tiles and BLOCK output channels from beginning to end: DEPTH input channels at
 * a time, it transforms their weights into the cache and multiplies them with the panel's tiles, whose sums are there too.
 * Phases are those of conv_gather_spread_winograd.cl.
 *
 * Macros: TAPS (of a phase, on an axis), SIZE, LANES (divides the channels), VECTORS (divides output channels / LANES),
 * POSITIONS, DEPTH (divides the input channels of a sum, in whole vectors), BLOCK (divides the output channels, in VECTORS of
 * them), PANEL (the most tiles of one). The rest are arguments. */
#include "conv_geometry.cl"
#include "winograd_phase.cl"
#include "winograd.cl"
#include "winograd_tile.cl"

#define A_ROW DEPTH
#define A_STEP 1
#define B_STEP BLOCK
#define C_ROW BLOCK
#include "matrix_tile.cl"

/* Floats between elements of SIZE x SIZE: an odd number of cache lines, as they would share sets of the cache. */
#define WEIGHT_STRIDE (DEPTH * BLOCK + 16)
#define SUM_STRIDE (PANEL * BLOCK + 16)

/* What all tasks share: phases, input channels of a sum, and the tiles of an image. Transformed inputs are
 * [DEPTH channels of all][SIZE x SIZE][tile][channel], in_stride floats from one element to the next. */
typedef struct tiling {
    conv_geometry g;
    conv_sides s;
    int spread, phases, depth, tiles_y, tiles_x, in_stride;
} tiling;

static tiling tiling_of(conv_geometry g, int spread, int in_stride) {
    const int phases = g.stride_h * g.stride_w, part = STEP * (spread ? g.stride_h : 1);
    const conv_sides s = sides_of(g, spread);
    return (tiling){g, s, spread, phases, spread ? s.in_c : phases * s.in_c,
                    (s.out_h + part - 1) / part, (s.out_w + part - 1) / part, in_stride};
}

/* Where a tile of the batch is. */
typedef struct tile_place {
    int image, y, x;
} tile_place;

static tile_place place_of_tile(tiling t, int tile) {
    const int of_image = t.tiles_y * t.tiles_x;
    return (tile_place){tile / of_image, tile % of_image / t.tiles_x * STEP, tile % t.tiles_x * STEP};
}

/* A work-item for each tile from `first_tile` on. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_transform(global const float *in, ulong in_offset, global float *tiles, ulong tiles_offset, conv_geometry g,
                    int spread, int in_stride, int first_tile) {
    const tiling t = tiling_of(g, spread, in_stride);
    const int tile = get_global_id(0);
    const tile_place at = place_of_tile(t, first_tile + tile);
    in += in_offset + (size_t)at.image * t.s.in_h * t.s.in_w * t.s.in_c;
    transform_tiles(g, t.s, spread, at.y, at.x, 1, in, DEPTH, ELEMENTS * in_stride, 0, in_stride,
                    tiles + tiles_offset + tile * DEPTH);
}

/* Panels of tiles, for each of them the phases of the output, and for each the blocks of its channels. */
typedef struct task {
    int first_tile, tiles; /* of the batch */
    int number, out;
} task;

static task task_of(tiling t, int index, int tiles) {
    const int blocks = t.s.out_c / BLOCK, parts = t.spread ? t.phases : 1, panels = (tiles + PANEL - 1) / PANEL;
    const int panel = index / blocks / parts, first = panel * tiles / panels;
    return (task){first, (panel + 1) * tiles / panels - first, index / blocks % parts, index % blocks * BLOCK};
}

/* Taps of LANES input channels to LANES output channels, [tap][in][out], from weights of [tap][out][in]. */
static void swap_taps(tiling t, tap_square taps, global const float *weight, global float *swapped) {
    const int tap = t.s.in_c * t.s.out_c;
    #pragma unroll 1
    for (int y = taps.ys.x; y < taps.ys.y; y++)
    #pragma unroll 1
    for (int x = taps.xs.x; x < taps.xs.y; x++) {
        global const float *from = weight + (y * t.g.kernel_w + x) * taps.step * tap;
        global float *to = swapped + (y * TAPS + x) * (LANES * LANES);
        #pragma unroll 1
        for (int o = 0; o < LANES; o++, from += t.s.in_c, to++) {
            float one[LANES];
            VSTORE(LANES)(VLOAD(LANES)(0, from), 0, one);
            #pragma unroll
            for (int i = 0; i < LANES; i++) to[i * LANES] = one[i];
        }
    }
}

/* Input channels first .. first + DEPTH - 1 of the sums, [SIZE x SIZE][channel][BLOCK]. */
NOT_INLINE void transform_weights(tiling t, task k, int first, int transposed, global const float *weight,
                                  global float *swapped, global float *to) {
    const int tap = t.s.in_c * t.s.out_c, in_step = transposed ? 1 : t.s.out_c, out_step = transposed ? t.s.in_c : 1;
    #pragma unroll 1
    for (int of_all = first; of_all < first + DEPTH; of_all += LANES) {
        const tap_square taps = taps_of(t.g, t.spread ? k.number : of_all / t.s.in_c, t.spread);
        #pragma unroll 1
        for (int v = 0; v < BLOCK; v += LANES, to += LANES) {
            global const float *from = weight + taps.first * tap + of_all % t.s.in_c * in_step + (k.out + v) * out_step;
            int y_stride = taps.step * t.g.kernel_w * tap, x_stride = taps.step * tap, row = t.s.out_c;
            if (transposed) {
                swap_taps(t, taps, from, swapped);
                from = swapped, y_stride = TAPS * LANES * LANES, x_stride = LANES * LANES, row = LANES;
            }
            #pragma unroll 1
            for (int i = 0; i < LANES; i++, from += row)
                transform(WEIGHT, TAPS, SIZE, 1, from, y_stride, x_stride, taps.ys, taps.xs, to + i * BLOCK, 0,
                          WEIGHT_STRIDE);
        }
        to += (LANES - 1) * BLOCK;
    }
}

NOT_INLINE void finish(tiling t, task k, int first_tile, global const float *sums, epilogue e, global float *out) {
    const axis y_axis = output_axis(phase_y(t.g, k.number), t.spread, t.s.out_h, t.g.stride_h);
    const axis x_axis = output_axis(phase_x(t.g, k.number), t.spread, t.s.out_w, t.g.stride_w);
    const size_t out_image = (size_t)t.s.out_h * t.s.out_w * t.s.out_c;
    #pragma unroll 1
    for (int tile = 0; tile < k.tiles; tile++) {
        const tile_place p = place_of_tile(t, first_tile + k.first_tile + tile);
        const size_t at = p.image * out_image + place_of(y_axis, x_axis, p.y, p.x, t.s.out_w) * t.s.out_c + k.out;
        #pragma unroll 1
        for (int c = 0; c < BLOCK; c += LANES, sums += LANES) {
            const epilogue here = {e.bias ? e.bias + k.out + c : e.bias, e.mask ? e.mask + at + c : e.mask, e.floor};
            finish_tile(SUM_STRIDE, sums, min(y_axis.count - p.y, STEP), min(x_axis.count - p.x, STEP),
                        y_axis.step * t.s.out_w * t.s.out_c, x_axis.step * t.s.out_c, here, out + at + c);
        }
    }
}

/* `items` work-items take the tasks of a batch of `tiles` tiles in turn. Each has `scratch` floats of `work`: weights, sums,
 * and taps. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
              global const float *bias, ulong bias_offset, global const float *mask, ulong mask_offset, global float *out,
              ulong out_offset, global float *work, ulong work_offset, conv_geometry g, int spread, int transposed, int relu,
              int in_stride, int first_tile, int tiles, int items, int scratch) {
    const tiling t = tiling_of(g, spread, in_stride);
    const int tasks = (tiles + PANEL - 1) / PANEL * (spread ? t.phases : 1) * (t.s.out_c / BLOCK);
    global float *weights = work + work_offset + (size_t)get_global_id(0) * scratch;
    global float *sums = weights + ELEMENTS * WEIGHT_STRIDE, *swapped = sums + ELEMENTS * SUM_STRIDE;
    const epilogue e = {bias ? bias + bias_offset : bias, mask ? mask + mask_offset : mask, relu ? 0 : -INFINITY};
    #pragma unroll 1
    for (int i = get_global_id(0); i < tasks; i += items) {
        const task k = task_of(t, i, tiles);
        global const float *panel = in + in_offset + k.first_tile * DEPTH;
        #pragma unroll 1
        for (int first = 0; first < t.depth; first += DEPTH) {
            const int of_all = (spread ? k.number * t.depth : 0) + first;
            transform_weights(t, k, first, transposed, weight + weight_offset, swapped, weights);
            #pragma unroll 1
            for (int j = 0; j < ELEMENTS; j++)
            #pragma unroll 1
            for (int o = 0; o < BLOCK; o += VECTORS * LANES)
                tile_multiply_rows(k.tiles, panel + (size_t)(of_all / DEPTH * ELEMENTS + j) * in_stride,
                                   weights + j * WEIGHT_STRIDE + o, sums + j * SUM_STRIDE + o, DEPTH, first > 0);
        }
        finish(t, k, first_tile, sums, e, out + out_offset);
    }
}
