/* Wgrad (src/ops/conv.h) by matrix units: products of matrices whose rows are (tap, channel of wide), whose columns are
 * channels of narrow, and whose sums go over the positions of narrow, STEP of which are staged at a time. A work-group
 * makes LOCAL x BLOCK_O sums of one chunk of the batch.
 *
 * conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow] and then dbias; conv_wgrad_reduce adds the chunks up in
 * order.
 *
 * Macros: those of conv_wgrad_parts.cl; STRIDE_H STRIDE_W, PAD_H PAD_W; BLOCK_O, STEP; MMA and PRECISION_TF32 (mma.cl). The positions of a chunk fit in int. */

#define M_TILES (WARP / 16)
#define N_TILES (BLOCK_O / MMA_N)
#include "mma.cl"
#include "conv_wgrad_parts.cl"

#define BLOCKS_R ((ALL_ROWS + LOCAL - 1) / LOCAL)
#define BLOCKS_O ((NARROW_C + BLOCK_O - 1) / BLOCK_O)
/* Keep the operands of a warp in different banks. */
#define A_STRIDE (LOCAL | 8)
#define B_STRIDE (BLOCK_O | 8)

/* Positions first .. first + STEP - 1 of those up to `end`, as far as the rows and columns go. */
static void stage(local float *a, local float *b, global const float *wide, global const float *narrow, int first, int end,
                  int row0, int o0) {
    int staged_row = get_local_id(0), row = row0 + staged_row, tap = row / WIDE_C;
    int tap_y = tap / KERNEL_W - PAD_H, tap_x = tap % KERNEL_W - PAD_W;
    for (int i = 0; i < STEP; i++) {
        int position = first + i, image = position / PIXELS, pixel = position % PIXELS;
        int y = pixel / NARROW_W * STRIDE_H + tap_y, x = pixel % NARROW_W * STRIDE_W + tap_x;
        bool inside = position < end && row < ALL_ROWS && y >= 0 && y < WIDE_H && x >= 0 && x < WIDE_W;
        a[i * A_STRIDE + staged_row] =
            inside ? wide[(((size_t)image * WIDE_H + y) * WIDE_W + x) * WIDE_C + row % WIDE_C] : 0;
    }
    for (int i = get_local_id(0); i < STEP * BLOCK_O; i += LOCAL) {
        int o = o0 + i % BLOCK_O, position = first + i / BLOCK_O;
        b[i / BLOCK_O * B_STRIDE + i % BLOCK_O] =
            position < end && o < NARROW_C ? narrow[(size_t)position * NARROW_C + o] : 0;
    }
}

/* What has been staged, from the warp's first row and the first column on. */
MMA_INLINE void add_positions(float4 sums[M_TILES][N_TILES], local const float *a, local const float *b,
                              local float *exchange) {
    a += mma_line();
    b += mma_line();
    for (int k0 = 0; k0 < STEP; k0 += 8) {
        int k = k0 + mma_quarter();
        float2 rows[M_TILES][A_ROWS], columns[N_TILES];
        #pragma unroll
        for (int m = 0; m < M_TILES; m++) {
            #pragma unroll
            for (int r = 0; r < A_ROWS; r++)
                rows[m][r] = (float2)(a[k * A_STRIDE + m * 16 + 8 * r], a[(k + 4) * A_STRIDE + m * 16 + 8 * r]);
        }
        #pragma unroll
        for (int t = 0; t < N_TILES; t++)
            columns[t] = (float2)(b[k * B_STRIDE + t * MMA_N], b[(k + 4) * B_STRIDE + t * MMA_N]);
        mma_multiply(sums, rows, columns, exchange);
    }
}

/* Work-groups: blocks of rows, and with dbias one more; blocks of columns; chunks. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c) {
    local float a[STEP * A_STRIDE], b[STEP * B_STRIDE], exchange[MMA_EXCHANGE];
    int row0 = GROUP_ID(0, LOCAL) * LOCAL, o0 = GROUP_ID(1, 1) * BLOCK_O, warp_row = mma_warp() * M_TILES * 16;
    size_t first = GROUP_ID(2, 1) * (size_t)chunk, end = min(first + chunk, (size_t)n);
    wide += wide_offset;
    narrow += narrow_offset;
    partial += partial_offset + GROUP_ID(2, 1) * (size_t)(WEIGHTS + dy_c);
    if (GROUP_ID(0, LOCAL) == BLOCKS_R) {
        partial_bias(a, transposed ? wide : narrow, dy_c, first * DY_PIXELS(transposed), end * DY_PIXELS(transposed),
                     GROUP_ID(1, 1), BLOCKS_O, partial + WEIGHTS);
        return;
    }
    float4 sums[M_TILES][N_TILES];
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int t = 0; t < N_TILES; t++) sums[m][t] = (float4)(0);
    }
    wide += first * (WIDE_H * WIDE_W * WIDE_C);
    narrow += first * (PIXELS * NARROW_C);
    int positions = (int)(end - first) * PIXELS;
    for (int position = 0; position < positions; position += STEP) {
        barrier(CLK_LOCAL_MEM_FENCE);
        stage(a, b, wide, narrow, position, positions, row0, o0);
        barrier(CLK_LOCAL_MEM_FENCE);
        add_positions(sums, a + warp_row, b, exchange);
    }
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            int row = row0 + warp_row + m * 16 + mma_row(i);
            if (row >= ALL_ROWS) continue;
            #pragma unroll
            for (int t = 0; t < N_TILES; t++) {
                int o = o0 + t * MMA_N + mma_column(i);
                if (o < NARROW_C) partial[(size_t)row * NARROW_C + o] = mma_sum(sums[m][t], i);
            }
        }
    }
}
