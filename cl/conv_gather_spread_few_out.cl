/* Gather and spread (src/ops/conv.h) from many channels to few, for devices whose work-groups share local memory. SLICES
 * work-items make ROWS x POSITIONS outputs together: each adds up some vectors of 4 of the input's channels, and its sums
 * are added to the others' in local memory. Neighbouring items read neighbouring vectors; caches hold what tiles share.
 * The weights of a phase are in local memory.
 *
 * Macros: those of conv_tile.cl, with a TILE_H that is a multiple of ROWS and a TILE_W that is one of POSITIONS; ROWS,
 * POSITIONS, SLICES. IN_C is a multiple of 4; LOCAL is that of all SLICES of the tile. */

#include "conv_tile.cl"

#define LANES_X (TILE_W / POSITIONS)
#define LANES_Y (TILE_H / ROWS)
#define VECTORS (IN_C / 4)
#define STEP_Y IN_STEP(STRIDE_H)
#define STEP_X IN_STEP(STRIDE_W)
#define TAPS_Y MOST_TAPS(KERNEL_H, STRIDE_H)
#define TAPS_X MOST_TAPS(KERNEL_W, STRIDE_W)
/* Inputs below the outputs of an item. */
#define IN_ROWS ((ROWS - 1) * STEP_Y + TAPS_Y)
#define IN_COLUMNS ((POSITIONS - 1) * STEP_X + TAPS_X)
#define WEIGHTS (TAPS_Y * TAPS_X * OUT_C * VECTORS)
#define RESULTS (ROWS * POSITIONS * OUT_C)
/* Keeps the results that the items of a tile add up in different banks. */
#define PART_STRIDE (LOCAL + 1)

/* [row][tap][out][in]; 0 for taps that a phase lacks. */
static void stage_weights(local float4 *staged, global const float *weight, span y, span x) {
    for (int i = get_local_id(0); i < WEIGHTS; i += LOCAL) {
        int c = i % VECTORS * 4, o = i / VECTORS % OUT_C, tap = i / (VECTORS * OUT_C);
        int tap_y = tap / TAPS_X, tap_x = tap % TAPS_X;
        int k = tap_of(y, tap_y, STRIDE_H) * KERNEL_W + tap_of(x, tap_x, STRIDE_W);
        bool is_tap = tap_y < y.taps && tap_x < x.taps;
        float4 w = (float4)(0);
#if TRANSPOSED || OUT_C == 1
        if (is_tap) w = *(global const float4 *)(weight + (k * OUT_C + o) * IN_C + c);
#else
        global const float *from = weight + (k * IN_C + c) * OUT_C + o;
        if (is_tap) w = (float4)(from[0], from[OUT_C], from[2 * OUT_C], from[3 * OUT_C]);
#endif
        staged[i] = w;
    }
}

/* One vector of all inputs below an item's outputs: `in` is that of the first pixel of the image. */
static void add_vector(float sums[ROWS][POSITIONS][OUT_C], global const float *in, int in_y, int in_x, bool is_image,
                       local const float4 *weights) {
    #pragma unroll
    for (int row = 0; row < IN_ROWS; row++) {
        bool is_row = is_image && in_y + row >= 0 && in_y + row < IN_H;
        int from = ((in_y + row) * IN_W + in_x) * IN_C;
        float4 pixels[IN_COLUMNS];
        #pragma unroll
        for (int i = 0; i < IN_COLUMNS; i++) {
            pixels[i] = (float4)(0);
            if (is_row && in_x + i >= 0 && in_x + i < IN_W) pixels[i] = *(global const float4 *)(in + (from + i * IN_C));
        }
        #pragma unroll
        for (int y = 0; y < ROWS; y++) {
            int ky = row - y * STEP_Y;
            if (ky < 0 || ky >= TAPS_Y) continue;
            #pragma unroll
            for (int t = 0; t < TAPS_X * OUT_C; t++) {
                float4 w = weights[(ky * TAPS_X * OUT_C + t) * VECTORS];
                #pragma unroll
                for (int p = 0; p < POSITIONS; p++) {
                    float4 a = pixels[p * STEP_X + t / OUT_C];
                    float sum = sums[y][p][t % OUT_C];
                    sums[y][p][t % OUT_C] = fma(a.w, w.w, fma(a.z, w.z, fma(a.y, w.y, fma(a.x, w.x, sum))));
                }
            }
        }
    }
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float4 weights[WEIGHTS];
    local float parts[RESULTS * PART_STRIDE];
    int item = get_local_id(0), slice = item % SLICES, lane = item / SLICES;
    int x0 = lane % LANES_X * POSITIONS, y0 = lane / LANES_X % LANES_Y * ROWS;
    int image = first_image() + lane / (LANES_X * LANES_Y);
    span y = span_y(), x = span_x();
    float sums[ROWS][POSITIONS][OUT_C];

    stage_weights(weights, weight + weight_offset, y, x);
    barrier(CLK_LOCAL_MEM_FENCE);
    #pragma unroll
    for (int i = 0; i < RESULTS; i++) sums[i / (POSITIONS * OUT_C)][i / OUT_C % POSITIONS][i % OUT_C] = 0;
    in += in_offset + (size_t)image * IN_IMAGE;
    #pragma unroll 1
    for (int v = slice; v < VECTORS; v += SLICES)
        add_vector(sums, in + v * 4, y.in + y0 * STEP_Y, x.in + x0 * STEP_X, image < n, weights + v);
    #pragma unroll
    for (int i = 0; i < RESULTS; i++)
        parts[i * PART_STRIDE + item] = sums[i / (POSITIONS * OUT_C)][i / OUT_C % POSITIONS][i % OUT_C];
    barrier(CLK_LOCAL_MEM_FENCE);
    out += out_offset + (size_t)image * OUT_IMAGE;
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    for (int i = slice; i < RESULTS; i += SLICES) {
        int out_c = i % OUT_C;
        int out_x = out_of(x, x0 + i / OUT_C % POSITIONS, STRIDE_W, PAD_W);
        int out_y = out_of(y, y0 + i / (OUT_C * POSITIONS), STRIDE_H, PAD_H);
        int to = (out_y * OUT_W + out_x) * OUT_C + out_c;
        float sum = 0;
        #pragma unroll
        for (int part = 0; part < SLICES; part++) sum += parts[i * PART_STRIDE + lane * SLICES + part];
        if (image >= n || out_y < 0 || out_y >= OUT_H || out_x < 0 || out_x >= OUT_W) continue;
        if (BIAS) sum += extra[out_c];
        if (RELU) sum = sum < 0 ? 0 : sum;
        if (MASK) sum = extra[to] <= 0 ? 0 : sum;
        out[to] = sum;
    }
}
