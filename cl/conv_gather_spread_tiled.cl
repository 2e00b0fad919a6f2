/* Gather and spread (src/ops/conv.h) for devices whose work-groups share local memory. A work-group makes a tile of
 * TILE_N images x TILE_H x TILE_W outputs x BLOCK channels; the patch of inputs below it is staged for CHUNK_C input
 * channels at a time and serves all taps, the weights of a row of taps beside it. A work-item keeps POSITIONS x CHANNELS
 * sums. Offsets within a work-group's images are int: 64-bit ones take registers that the sums need.
 *
 * Spread has a phase for each remainder of the output's place by the stride: outputs of one phase are a dense
 * convolution with some of the taps, last one first, so both kernels walk taps and inputs forwards.
 *
 * Macros: SPREAD, IN_H IN_W IN_C, OUT_H OUT_W OUT_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, TRANSPOSED
 * (weights are [kh][kw][out][in]), BIAS, RELU, MASK; LOCAL (items), TILE_N TILE_H TILE_W, BLOCK, CHUNK_C, POSITIONS,
 * CHANNELS. */

#define ITEMS_C (BLOCK / CHANNELS)
#define ITEMS_P (LOCAL / ITEMS_C)
#define TILE_PIXELS (TILE_H * TILE_W)

/* Along an axis: phases, taps of the longest one, distance of neighbours' inputs, places of a phase and the first. */
#define PHASES(stride) (SPREAD ? stride : 1)
#define MOST_TAPS(size, stride) (SPREAD ? (size + stride - 1) / stride : size)
#define IN_STEP(stride) (SPREAD ? 1 : stride)
#define PLACES(out, stride, pad) (SPREAD ? (out - 1 + pad) / stride - pad / stride + 1 : out)
#define FIRST_PLACE(stride, pad) (SPREAD ? pad / stride : 0)

#define PATCH_H ((TILE_H - 1) * IN_STEP(STRIDE_H) + MOST_TAPS(KERNEL_H, STRIDE_H))
#define PATCH_W ((TILE_W - 1) * IN_STEP(STRIDE_W) + MOST_TAPS(KERNEL_W, STRIDE_W))
#define PATCH (PATCH_H * PATCH_W * TILE_N)
/* An odd distance keeps the channels of a pixel in different banks. */
#define PATCH_STRIDE (PATCH | 1)
#define WEIGHT_TAPS MOST_TAPS(KERNEL_W, STRIDE_W)
#define TILES_H ((PLACES(OUT_H, STRIDE_H, PAD_H) + TILE_H - 1) / TILE_H)
#define TILES_W ((PLACES(OUT_W, STRIDE_W, PAD_W) + TILE_W - 1) / TILE_W)

/* A work-group's part of an axis: the phase, its taps, the first place and the input at its first tap. */
typedef struct span {
    int phase, taps, place, in;
} span;

static span span_of(int phase, int place, int size, int stride, int pad) {
    span s = {phase, SPREAD ? (size - phase + stride - 1) / stride : size, place, 0};
    s.in = SPREAD ? place - s.taps + 1 : place * stride - pad;
    return s;
}

static int out_of(span s, int i, int stride, int pad) {
    return SPREAD ? (s.place + i) * stride + s.phase - pad : s.place + i;
}

static int tap_of(span s, int i, int stride) { return SPREAD ? s.phase + stride * (s.taps - 1 - i) : i; }

static void stage_patch(local float *patch, global const float *in, span y, span x, int images, int c0) {
    #pragma unroll 4
    for (int i = get_local_id(0); i < PATCH * CHUNK_C; i += LOCAL) {
        int c = i % CHUNK_C, pixel = i / CHUNK_C;
        int in_x = x.in + pixel % PATCH_W, in_y = y.in + pixel / PATCH_W % PATCH_H;
        int in_image = pixel / (PATCH_W * PATCH_H);
        bool inside = in_x >= 0 && in_x < IN_W && in_y >= 0 && in_y < IN_H && in_image < images && c0 + c < IN_C;
        patch[c * PATCH_STRIDE + pixel] =
            inside ? in[((in_image * IN_H + in_y) * IN_W + in_x) * IN_C + c0 + c] : 0;
    }
}

static void stage_weights(local float *staged, global const float *weight, int tap_y, span x, int c0, int out0) {
    #pragma unroll 4
    for (int i = get_local_id(0); i < x.taps * CHUNK_C * BLOCK; i += LOCAL) {
        /* Neighbouring items read neighbouring weights. */
        int fast = TRANSPOSED ? i % CHUNK_C : i % BLOCK, slow = TRANSPOSED ? i / CHUNK_C : i / BLOCK;
        int o = TRANSPOSED ? slow % BLOCK : fast, c = TRANSPOSED ? fast : slow % CHUNK_C;
        int tap = i / (CHUNK_C * BLOCK);
        int k = tap_y * KERNEL_W + tap_of(x, tap, STRIDE_W);
        int from = TRANSPOSED ? (k * OUT_C + out0 + o) * IN_C + c0 + c : (k * IN_C + c0 + c) * OUT_C + out0 + o;
        staged[(tap * CHUNK_C + c) * BLOCK + o] = c0 + c < IN_C && out0 + o < OUT_C ? weight[from] : 0;
    }
}

/* Work-groups: tiles x blocks of channels x phases. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float patch[PATCH_STRIDE * CHUNK_C];
    local float weights[WEIGHT_TAPS * CHUNK_C * BLOCK];
    int tile = get_group_id(0), out0 = get_group_id(1) * BLOCK, phase = get_group_id(2);
    int tile_x = tile % TILES_W, tile_y = tile / TILES_W % TILES_H, image = tile / (TILES_W * TILES_H) * TILE_N;
    span x = span_of(phase % PHASES(STRIDE_W), FIRST_PLACE(STRIDE_W, PAD_W) + tile_x * TILE_W, KERNEL_W, STRIDE_W, PAD_W);
    span y = span_of(phase / PHASES(STRIDE_W), FIRST_PLACE(STRIDE_H, PAD_H) + tile_y * TILE_H, KERNEL_H, STRIDE_H, PAD_H);
    int item_c = get_local_id(0) % ITEMS_C * CHANNELS, item_p = get_local_id(0) / ITEMS_C;
    int from[POSITIONS];
    float sums[POSITIONS][CHANNELS];

    /* Clamped, places differ from those of the outputs: a compiler that sees the same ones keeps them in registers. */
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        int position = min(item_p + p * ITEMS_P, TILE_N * TILE_PIXELS - 1);
        int of_image = position / TILE_PIXELS, pixel = position % TILE_PIXELS;
        from[p] = (of_image * PATCH_H + pixel / TILE_W * IN_STEP(STRIDE_H)) * PATCH_W + pixel % TILE_W * IN_STEP(STRIDE_W);
        #pragma unroll
        for (int c = 0; c < CHANNELS; c++) sums[p][c] = 0;
    }
    in += in_offset + (size_t)image * (IN_H * IN_W * IN_C);
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
    out += out_offset + (size_t)image * (OUT_H * OUT_W * OUT_C);
    extra += extra_offset + (MASK ? (size_t)image * (OUT_H * OUT_W * OUT_C) : 0);
    #pragma unroll
    for (int p = 0; p < POSITIONS; p++) {
        int position = item_p + p * ITEMS_P;
        int of_image = position / TILE_PIXELS, pixel = position % TILE_PIXELS;
        int out_y = out_of(y, pixel / TILE_W, STRIDE_H, PAD_H), out_x = out_of(x, pixel % TILE_W, STRIDE_W, PAD_W);
        if (of_image >= TILE_N || image + of_image >= n || out_y < 0 || out_y >= OUT_H || out_x < 0 || out_x >= OUT_W)
            continue;
        int first = ((of_image * OUT_H + out_y) * OUT_W + out_x) * OUT_C;
        #pragma unroll
        for (int o = 0; o < CHANNELS; o++) {
            int channel = out0 + item_c + o;
            if (channel >= OUT_C) continue;
            float sum = sums[p][o];
            if (BIAS) sum += extra[channel];
            if (RELU) sum = sum < 0 ? 0 : sum;
            if (MASK) sum = extra[first + channel] <= 0 ? 0 : sum;
            out[first + channel] = sum;
        }
    }
}
