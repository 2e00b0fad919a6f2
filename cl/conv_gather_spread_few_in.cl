/* Gather and spread (src/ops/conv.h) from few channels to many, for devices whose work-groups share local memory. A
 * work-group makes TILE_H rows of TILE_W outputs of an image, with BLOCK channels, from a patch of inputs and all weights in
 * local memory; a work-item POSITIONS neighbours x 4 channels in one row at a time, from the inputs below them, which it
 * keeps in registers for a row of taps.
 *
 * Macros: those of conv_tile.cl, with a TILE_N of 1 and a TILE_W that is a multiple of POSITIONS, which times IN_C is one
 * of 4; POSITIONS. OUT_C and BLOCK are multiples of 4. */

#include "conv_tile.cl"

#define LANES_C (BLOCK / 4)
#define LANES_X (TILE_W / POSITIONS)
#define LANES_Y (LOCAL / (LANES_C * LANES_X))
#define TAPS_Y MOST_TAPS(KERNEL_H, STRIDE_H)
#define TAPS_X MOST_TAPS(KERNEL_W, STRIDE_W)
#define STEP (IN_STEP(STRIDE_W) * IN_C)
/* Vectors below an item's outputs, and floats of a row of the patch. */
#define SEGMENT (((POSITIONS - 1) * STEP + TAPS_X * IN_C + 3) / 4)
#define ROW ((PATCH_W * IN_C + 3) / 4 * 4)
#define WEIGHTS (TAPS_Y * TAPS_X * IN_C * LANES_C)

static void stage_patch(local float *patch, global const float *in, span y, span x) {
    for (int i = get_local_id(0); i < PATCH_H * ROW; i += LOCAL) {
        int in_y = y.in + i / ROW, in_x = x.in * IN_C + i % ROW;
        bool inside = in_y >= 0 && in_y < IN_H && in_x >= 0 && in_x < IN_W * IN_C;
        patch[i] = inside ? in[in_y * (IN_W * IN_C) + in_x] : 0;
    }
}

/* [row][tap][in][out]; 0 for taps that a phase lacks. */
static void stage_weights(local float4 *staged, global const float *weight, span y, span x, int out0) {
    for (int i = get_local_id(0); i < WEIGHTS; i += LOCAL) {
        int o = out0 + i % LANES_C * 4, c = i / LANES_C % IN_C, tap = i / (LANES_C * IN_C);
        int tap_y = tap / TAPS_X, tap_x = tap % TAPS_X;
        int k = tap_of(y, tap_y, STRIDE_H) * KERNEL_W + tap_of(x, tap_x, STRIDE_W);
        bool is_tap = tap_y < y.taps && tap_x < x.taps && o < OUT_C;
        float4 w = (float4)(0);
#if TRANSPOSED && IN_C > 1
        global const float *from = weight + (k * OUT_C + o) * IN_C + c;
        if (is_tap) w = (float4)(from[0], from[IN_C], from[2 * IN_C], from[3 * IN_C]);
#else
        if (is_tap) w = *(global const float4 *)(weight + (k * IN_C + c) * OUT_C + o);
#endif
        staged[i] = w;
    }
}

/* A row of taps. */
static void add_row(float4 sums[POSITIONS], local const float *inputs, local const float4 *weights) {
    float segment[SEGMENT * 4];
    #pragma unroll
    for (int i = 0; i < SEGMENT; i++) {
        float4 v = *(local const float4 *)(inputs + i * 4);
        segment[i * 4] = v.x;
        segment[i * 4 + 1] = v.y;
        segment[i * 4 + 2] = v.z;
        segment[i * 4 + 3] = v.w;
    }
    #pragma unroll
    for (int t = 0; t < TAPS_X * IN_C; t++) {
        float4 w = weights[t * LANES_C];
        #pragma unroll
        for (int p = 0; p < POSITIONS; p++) sums[p] = fma((float4)(segment[p * STEP + t]), w, sums[p]);
    }
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float patch[PATCH_H * ROW] __attribute__((aligned(16)));
    local float4 weights[WEIGHTS];
    int item = get_local_id(0), image = first_image(), out0 = first_output();
    int lane_c = item % LANES_C, x0 = item / LANES_C % LANES_X * POSITIONS, out_c = out0 + lane_c * 4;
    span y = span_y(), x = span_x();

    in += in_offset + (size_t)image * IN_IMAGE;
    out += out_offset + (size_t)image * OUT_IMAGE;
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    stage_patch(patch, in, y, x);
    stage_weights(weights, weight + weight_offset, y, x, out0);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (out_c >= OUT_C) return;
    float4 bias = BIAS ? *(global const float4 *)(extra + out_c) : (float4)(0);
    for (int row = item / (LANES_C * LANES_X); row < TILE_H; row += LANES_Y) {
        int out_y = out_of(y, row, STRIDE_H, PAD_H);
        float4 sums[POSITIONS];
        if (out_y < 0 || out_y >= OUT_H) continue;
        #pragma unroll
        for (int p = 0; p < POSITIONS; p++) sums[p] = (float4)(0);
        #pragma unroll 1
        for (int ky = 0; ky < y.taps; ky++)
            add_row(sums, patch + (row * IN_STEP(STRIDE_H) + ky) * ROW + x0 * STEP,
                    weights + ky * (TAPS_X * IN_C * LANES_C) + lane_c);
        #pragma unroll
        for (int p = 0; p < POSITIONS; p++) {
            int out_x = out_of(x, x0 + p, STRIDE_W, PAD_W), to = (out_y * OUT_W + out_x) * OUT_C + out_c;
            if (out_x < 0 || out_x >= OUT_W) continue;
            float4 sum = sums[p] + bias;
            if (RELU) sum = sum < 0 ? (float4)(0) : sum;
            if (MASK) sum = *(global const float4 *)(extra + to) <= 0 ? (float4)(0) : sum;
            *(global float4 *)(out + to) = sum;
        }
    }
}
