/* Wgrad (src/ops/conv.h) for devices whose work-groups share local memory: a matrix product over the positions of
 * narrow, whose rows are (tap, channel of wide) and whose columns are channels of narrow. A work-group makes BLOCK_R x
 * BLOCK_O sums of one chunk of the batch, staging STEP positions at a time; a work-item keeps 4 x CHANNELS of them.
 *
 * conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow] and then dbias; conv_wgrad_reduce adds the chunks up in
 * order.
 *
 * Macros: WIDE_H WIDE_W WIDE_C, NARROW_H NARROW_W NARROW_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W; LOCAL
 * (items), BLOCK_O, CHANNELS, STEP. Arguments: transposed (dy is wide, dweight is [kh][kw][narrow][wide]) and dy_c, the elements
 * of dbias, 0 for none. */

#include "conv_wgrad_parts.cl"

#define ROWS 4
#define ITEMS_O (BLOCK_O / CHANNELS)
#define BLOCK_R (LOCAL / ITEMS_O * ROWS)
#define BLOCKS_R ((ALL_ROWS + BLOCK_R - 1) / BLOCK_R)

/* Positions first .. first + STEP - 1 of all images up to `end`, as far as the rows and columns go. */
static void stage(local float *a, local float *b, global const float *wide, global const float *narrow, size_t first,
                  size_t end, int row0, int o0) {
    for (int i = get_local_id(0); i < STEP * BLOCK_R; i += LOCAL) {
        int row = row0 + i % BLOCK_R, tap = row / WIDE_C;
        size_t position = first + i / BLOCK_R, image = position / PIXELS;
        int pixel = position % PIXELS;
        int y = pixel / NARROW_W * STRIDE_H + tap / KERNEL_W - PAD_H;
        int x = pixel % NARROW_W * STRIDE_W + tap % KERNEL_W - PAD_W;
        bool inside = position < end && row < ALL_ROWS && y >= 0 && y < WIDE_H && x >= 0 && x < WIDE_W;
        a[i] = inside ? wide[((image * WIDE_H + y) * WIDE_W + x) * WIDE_C + row % WIDE_C] : 0;
    }
    for (int i = get_local_id(0); i < STEP * BLOCK_O; i += LOCAL) {
        int o = o0 + i % BLOCK_O;
        size_t position = first + i / BLOCK_O;
        b[i] = position < end && o < NARROW_C ? narrow[position * NARROW_C + o] : 0;
    }
}

/* Work-groups: blocks of rows, and with dbias one more in the first column; blocks of columns; chunks. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c) {
    local float a[STEP * BLOCK_R], b[STEP * BLOCK_O];
    int row0 = GROUP_ID(0, LOCAL) * BLOCK_R, o0 = GROUP_ID(1, 1) * BLOCK_O;
    size_t first = GROUP_ID(2, 1) * (size_t)chunk, end = min(first + chunk, (size_t)n);
    wide += wide_offset;
    narrow += narrow_offset;
    partial += partial_offset + GROUP_ID(2, 1) * (size_t)(WEIGHTS + dy_c);
    if (GROUP_ID(0, LOCAL) == BLOCKS_R) {
        if (o0 == 0)
            partial_bias(a, transposed ? wide : narrow, dy_c, first * DY_PIXELS(transposed), end * DY_PIXELS(transposed),
                         partial + WEIGHTS);
        return;
    }
    int item_o = get_local_id(0) % ITEMS_O * CHANNELS, item_r = get_local_id(0) / ITEMS_O * ROWS;
    float sums[ROWS][CHANNELS];
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        #pragma unroll
        for (int o = 0; o < CHANNELS; o++) sums[r][o] = 0;
    }
    for (size_t position = first * PIXELS; position < end * PIXELS; position += STEP) {
        barrier(CLK_LOCAL_MEM_FENCE);
        stage(a, b, wide, narrow, position, end * PIXELS, row0, o0);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = 0; i < STEP; i++) {
            float column[CHANNELS];
            #pragma unroll
            for (int o = 0; o < CHANNELS; o++) column[o] = b[i * BLOCK_O + item_o + o];
            #pragma unroll
            for (int r = 0; r < ROWS; r++) {
                float row = a[i * BLOCK_R + item_r + r];
                #pragma unroll
                for (int o = 0; o < CHANNELS; o++) sums[r][o] = fma(row, column[o], sums[r][o]);
            }
        }
    }
    #pragma unroll
    for (int r = 0; r < ROWS; r++) {
        #pragma unroll
        for (int o = 0; o < CHANNELS; o++)
            if (row0 + item_r + r < ALL_ROWS && o0 + item_o + o < NARROW_C)
                partial[(size_t)(row0 + item_r + r) * NARROW_C + o0 + item_o + o] = sums[r][o];
    }
}
