/* Gather and spread (src/ops/conv.h) for devices whose work-groups share local memory. A work-group makes a tile of
 * TILE_N images x TILE_H x TILE_W outputs x BLOCK channels; the patch of inputs below it is staged for CHUNK_C input
 * channels at a time and serves all taps, the weights of a row of taps beside it. A work-item keeps POSITIONS x CHANNELS
 * sums.
 *
 * Macros: those of conv_tile.cl; LOCAL (items), BLOCK, CHUNK_C, POSITIONS, CHANNELS. */

#include "conv_tile.cl"

#define ITEMS_C (BLOCK / CHANNELS)
#define ITEMS_P (LOCAL / ITEMS_C)
/* An odd distance keeps the channels of a pixel in different banks. */
#define PATCH_STRIDE (PATCH | 1)
#define WEIGHT_TAPS MOST_TAPS(KERNEL_W, STRIDE_W)

static void stage_patch(local float *patch, global const float *in, span y, span x, int images, int c0) {
    #pragma unroll 4
    for (int i = get_local_id(0); i < PATCH * CHUNK_C; i += LOCAL) {
        int c = i % CHUNK_C, pixel = i / CHUNK_C;
        patch[c * PATCH_STRIDE + pixel] = patch_value(in, y, x, images, pixel, c0 + c);
    }
}

static void stage_weights(local float *staged, global const float *weight, int tap_y, span x, int c0, int out0) {
    #pragma unroll 4
    for (int i = get_local_id(0); i < x.taps * CHUNK_C * BLOCK; i += LOCAL) {
        /* Neighbouring items read neighbouring weights. */
        int fast = TRANSPOSED ? i % CHUNK_C : i % BLOCK, slow = TRANSPOSED ? i / CHUNK_C : i / BLOCK;
        int o = TRANSPOSED ? slow % BLOCK : fast, c = TRANSPOSED ? fast : slow % CHUNK_C;
        int tap = i / (CHUNK_C * BLOCK);
        staged[(tap * CHUNK_C + c) * BLOCK + o] = weight_value(weight, tap_y, tap_of(x, tap, STRIDE_W), c0 + c, out0 + o);
    }
}

/* Work-groups: tiles x blocks of channels x phases. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float patch[PATCH_STRIDE * CHUNK_C];
    local float weights[WEIGHT_TAPS * CHUNK_C * BLOCK];
    int out0 = GROUP_ID(1, 1) * BLOCK, image = first_image();
    span x = span_x(), y = span_y();
    int item_c = get_local_id(0) % ITEMS_C * CHANNELS, item_p = get_local_id(0) / ITEMS_C;
    int from[POSITIONS];
    float sums[POSITIONS][CHANNELS];

    /* Clamped, places differ from those of the outputs: a compiler that sees the same ones keeps them in registers. */
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        from[p] = patch_pixel(item_p + p * ITEMS_P);
        #pragma unroll
        for (int c = 0; c < CHANNELS; c++) sums[p][c] = 0;
    }
    in += in_offset + (size_t)image * IN_IMAGE;
    weight += weight_offset;
    for (int c0 = 0; c0 < IN_C; c0 += CHUNK_C) {
        for (int ky = 0; ky < y.taps; ky++) {
            barrier(CLK_LOCAL_MEM_FENCE);
            if (ky == 0) stage_patch(patch, in, y, x, n - image, c0);
            stage_weights(weights, weight, tap_of(y, ky, STRIDE_H), x, c0, out0);
            barrier(CLK_LOCAL_MEM_FENCE);
            for (int kx = 0; kx < x.taps; kx++) {
                for (int c = 0; c < CHUNK_C; c++) {
                    float w[CHANNELS];
                    #pragma unroll
                    for (int o = 0; o < CHANNELS; o++) w[o] = weights[(kx * CHUNK_C + c) * BLOCK + item_c + o];
                    #pragma unroll
                    for (int p = 0; p < POSITIONS; p++) {
                        float a = patch[c * PATCH_STRIDE + from[p] + ky * PATCH_W + kx];
                        #pragma unroll
                        for (int o = 0; o < CHANNELS; o++) sums[p][o] = fma(a, w[o], sums[p][o]);
                    }
                }
            }
        }
    }
    out += out_offset + (size_t)image * OUT_IMAGE;
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        int first;
        if (!position_is_output(y, x, n - image, item_p + p * ITEMS_P, &first)) continue;
        #pragma unroll
        for (int o = 0; o < CHANNELS; o++) {
            int out_c = out0 + item_c + o;
            if (out_c >= OUT_C) continue;
            out[first + out_c] = epilogue(sums[p][o], extra, extra + first, out_c);
        }
    }
}
