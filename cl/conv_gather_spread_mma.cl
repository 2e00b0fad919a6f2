/* Gather and spread (src/ops/conv.h) by matrix units: products of matrices whose rows are outputs, whose columns are their
 * channels, and whose sums go over the channels of the input, CHUNK_C at a time, and the taps of a row of the kernel. A
 * work-group makes a tile of LOCAL outputs x BLOCK channels. The patch of inputs below it is staged once for all taps, a
 * pixel's CHUNK_C channels together, so that the operands of neighbouring taps lie one after the other; the weights of
 * a row of taps are staged beside it.
 *
 * Macros: those of conv_tile.cl; CHUNK_C (8, or 1, 2 or 4 where there are no more); MMA and
 * PRECISION_TF32 (mma.cl). */

#define M_TILES (WARP / 16)
#define N_TILES (BLOCK / MMA_N)
#include "mma.cl"
#include "conv_tile.cl"

/* Sums are padded to steps of 8. */
#define STEPS_OF_8(count) (((count) + 7) / 8)
#define WEIGHT_ROWS (STEPS_OF_8(MOST_TAPS(KERNEL_W, STRIDE_W) * CHUNK_C) * 8)
/* Keeps the operands of a warp in different banks. */
#define WEIGHT_STRIDE (BLOCK + 4)

static void stage_patch(local float *patch, global const float *in, span y, span x, int images, int c0) {
    for (int i = get_local_id(0); i < PATCH * CHUNK_C; i += LOCAL) {
        int place = patch_place(y, x, images, i / CHUNK_C), c = c0 + i % CHUNK_C;
        patch[i] = place >= 0 && c < IN_C ? in[place + c] : 0;
    }
}

/* 0 beyond the channels. */
static float weight_value(global const float *weight, int tap_y, int tap_x, int c, int o) {
    int k = tap_y * KERNEL_W + tap_x;
    return c < IN_C && o < OUT_C ? weight[TRANSPOSED ? (k * OUT_C + o) * IN_C + c : (k * IN_C + c) * OUT_C + o] : 0;
}

/* 0 in the rows that are padding. */
static void stage_weights(local float *staged, global const float *weight, int tap_y, span x, int c0, int out0) {
    for (int i = get_local_id(0); i < STEPS_OF_8(x.taps * CHUNK_C) * 8 * BLOCK; i += LOCAL) {
        /* Neighbouring items read neighbouring weights. */
        int fast = TRANSPOSED ? i % CHUNK_C : i % BLOCK, slow = TRANSPOSED ? i / CHUNK_C : i / BLOCK;
        int o = TRANSPOSED ? slow % BLOCK : fast, c = TRANSPOSED ? fast : slow % CHUNK_C;
        int tap = i / (CHUNK_C * BLOCK);
        staged[(tap * CHUNK_C + c) * WEIGHT_STRIDE + o] =
            tap < x.taps ? weight_value(weight, tap_y, tap_of(x, tap, STRIDE_W), c0 + c, out0 + o) : 0;
    }
}

/* Elements k and k + 1 of the inputs of one output and a row of taps; there are `depth` of them. */
static float2 input_pair(local const float *inputs, int k, int depth) {
#if CHUNK_C == 8
    return *(local const float2 *)(inputs + k);
#else
    return (float2)(k < depth ? inputs[k] : 0, k + 1 < depth ? inputs[k + 1] : 0);
#endif
}

/* One row of taps. */
MMA_INLINE void add_row(float4 sums[M_TILES][N_TILES], local const float *patch, int from[M_TILES][A_ROWS],
                        local const float *weights, int depth, local float *exchange) {
    weights += mma_line();
    for (int k0 = 0; k0 < depth; k0 += 8) {
        int k = k0 + 2 * mma_quarter();
        float2 inputs[M_TILES][A_ROWS], columns[N_TILES];
        #pragma unroll
        for (int m = 0; m < M_TILES; m++) {
            #pragma unroll
            for (int r = 0; r < A_ROWS; r++) inputs[m][r] = input_pair(patch + from[m][r], k, depth);
        }
        #pragma unroll
        for (int t = 0; t < N_TILES; t++)
            columns[t] = (float2)(weights[k * WEIGHT_STRIDE + t * MMA_N], weights[(k + 1) * WEIGHT_STRIDE + t * MMA_N]);
        mma_multiply(sums, inputs, columns, exchange);
    }
}

/* What becomes of a sum; `mask` begins at the output's first channel. */
static float epilogue(float sum, global const float *bias, global const float *mask, int out_c) {
    if (BIAS) sum += bias[out_c];
    if (RELU) sum = sum < 0 ? 0 : sum;
    if (MASK) sum = mask[out_c] <= 0 ? 0 : sum;
    return sum;
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float patch[PATCH * CHUNK_C] __attribute__((aligned(8)));
    local float weights[WEIGHT_ROWS * WEIGHT_STRIDE], exchange[MMA_EXCHANGE];
    int out0 = first_output(), image = first_image(), row0 = mma_warp() * M_TILES * 16;
    span x = span_x(), y = span_y();
    int from[M_TILES][A_ROWS];
    float4 sums[M_TILES][N_TILES];

    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int r = 0; r < A_ROWS; r++) from[m][r] = patch_pixel(row0 + m * 16 + mma_line() + 8 * r) * CHUNK_C;
        #pragma unroll
        for (int t = 0; t < N_TILES; t++) sums[m][t] = (float4)(0);
    }
    in += in_offset + (size_t)image * IN_IMAGE;
    weight += weight_offset;
    for (int c0 = 0; c0 < IN_C; c0 += CHUNK_C) {
        for (int ky = 0; ky < y.taps; ky++) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (ky == 0) stage_patch(patch, in, y, x, n - image, c0);
            stage_weights(weights, weight, tap_of(y, ky, STRIDE_H), x, c0, out0);
            barrier(CLK_LOCAL_MEM_FENCE);
            add_row(sums, patch + ky * PATCH_W * CHUNK_C, from, weights, x.taps * CHUNK_C, exchange);
        }
    }
    out += out_offset + (size_t)image * OUT_IMAGE;
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int i = 0; i < 4; i++) {
            int first = output_place(y, x, n - image, row0 + m * 16 + mma_row(i));
            if (first < 0) continue;
            #pragma unroll
            for (int t = 0; t < N_TILES; t++) {
                int out_c = out0 + t * MMA_N + mma_column(i);
                if (out_c >= OUT_C) continue;
                out[first + out_c] = epilogue(mma_sum(sums[m][t], i), extra, extra + first, out_c);
            }
        }
    }
}
