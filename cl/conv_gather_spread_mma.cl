/* Gather and spread (src/ops/conv.h) by matrix units: products of matrices whose rows are channels of outputs, whose columns
 * are their positions, and whose sums go over the taps and the channels of the input, 16 of them at a time. A work-group makes
 * a tile of TILE_N images x TILE_H x TILE_W outputs x BLOCK channels, a warp MMA_N N_TILES x MMA_M M_TILES of these. CHUNK_C
 * channels of the patch of inputs below the tile are staged for all taps, as operands. Weights are packed as operands first, and
 * read where they are multiplied: warps do not wait for each other between taps. With SLICES, that many warps share the same
 * sums, each adds up the channels of some planes, and the slices are added in their order: for small images of many channels.
 * The order of a sum depends on CHUNK_C and SLICES alone, not on the tile.
 *
 * conv_pack makes packed[tap of the kernel][plane][block of MMA_M outputs], conv the outputs of them.
 *
 * Macros: those of conv_tile.cl; M_TILES, N_TILES, SLICES, CHUNK_C (a multiple of 16 SLICES), PACK_ITEMS (of a work-group
 * that packs); MMA and PRECISION_TF32 (mma.cl). */

#include "mma.cl"
#include "conv_tile.cl"

#define WARPS_C (BLOCK / (M_TILES * MMA_M))
#define WARPS_P (WARPS / SLICES / WARPS_C)
#define POSITIONS (WARPS_P * N_TILES * MMA_N)

/* The patch: a plane of 16 channels of all pixels after the other. A row's pixels of one remainder by the stride are
 * neighbours, so that outputs that are neighbours read from neighbours: two of them from all banks. */
#define PLANES (CHUNK_C / 16)
#define STEP_H IN_STEP(STRIDE_H)
#define STEP_W IN_STEP(STRIDE_W)
#define PART_OF_ROW ((PATCH_W + STEP_W - 1) / STEP_W)
#define PITCH (PART_OF_ROW * STEP_W)
#define SLOTS (TILE_N * PATCH_H * PITCH)
#define PLANE ((PLANES > 1 ? SLOTS | 1 : SLOTS) * 16)
#define PATCH_FLOATS (PLANE * PLANES)
#define PIXEL_VECTORS (CHUNK_C / 4)
#define PATCH_VECTORS (SLOTS * PIXEL_VECTORS)

/* Packed weights. */
#define ALL_PLANES ((IN_C + CHUNK_C - 1) / CHUNK_C * PLANES)
#define ALL_OUT (BLOCKS * BLOCK)
#define PLANE_OF_WEIGHTS (ALL_OUT / MMA_M * MMA_PACKED)
#define TAP_OF_WEIGHTS (ALL_PLANES * PLANE_OF_WEIGHTS)
#define MOST_ALL_TAPS (MOST_TAPS(KERNEL_H, STRIDE_H) * MOST_TAPS(KERNEL_W, STRIDE_W))

/* Planes that a warp multiplies for each tap. */
#define OWN_PLANES (PLANES / SLICES)

#define SLICE_FLOATS (SLICES > 1 ? LOCAL * MMA_SUMS * M_TILES * N_TILES : 0)
#define POOL (B_PARTS * PATCH_FLOATS > SLICE_FLOATS ? B_PARTS * PATCH_FLOATS : SLICE_FLOATS)

static bool is_input(int c) { return IN_C % CHUNK_C == 0 || c < IN_C; }

static int slot_of_position(int position) {
    position = min(position, TILE_N * TILE_PIXELS - 1);
    int pixel = position % TILE_PIXELS;
    return (position / TILE_PIXELS * PATCH_H + pixel / TILE_W * STEP_H) * PITCH + pixel % TILE_W;
}

static int slot_of_tap(int row, int column) { return row * PITCH + column % STEP_W * PART_OF_ROW + column / STEP_W; }

static int slot_place(span y, span x, int images, int slot) {
    int column = slot % PITCH, in_row = column % PART_OF_ROW * STEP_W + column / PART_OF_ROW;
    return in_row < PATCH_W ? patch_place(y, x, images, slot / PITCH * PATCH_W + in_row) : -1;
}

/* The i-th vector of the patch, whose pixel is at `place`. */
MMA_INLINE float4 read_input(global const float *in, int place, int i, int c0) {
    int c = c0 + i % PIXEL_VECTORS * 4;
    if (place < 0 || !is_input(c)) return (float4)(0);
#if IN_C % 4 == 0
    return *(global const float4 *)(in + (place + c));
#else
    return read_four(in + (place + c), IN_C - c);
#endif
}

MMA_INLINE void stage_input(local float *patch, int i, float4 v) {
    int four = i % PIXEL_VECTORS;
    mma_stage_b(patch + (four / 4 * PLANE + i / PIXEL_VECTORS * 16 + four % 4 * 4), PATCH_FLOATS, v);
}

/* Four outputs and four inputs as they lie in memory: a line of inputs for each output, or the other way round. */
MMA_INLINE void read_square(global const float *weight, int tap, int c, int o, float4 square[4]) {
    #pragma unroll
    for (int j = 0; j < 4; j++) {
        int in = TRANSPOSED ? c : c + j, out = TRANSPOSED ? o + j : o;
        global const float *from = weight + (TRANSPOSED ? (tap * OUT_C + out) * IN_C + in : (tap * IN_C + in) * OUT_C + out);
        square[j] = (float4)(0);
        if (in < IN_C && out < OUT_C) {
#if (TRANSPOSED && IN_C % 4 == 0) || (!TRANSPOSED && OUT_C % 4 == 0)
            square[j] = *(global const float4 *)from;
#else
            square[j] = read_four(from, TRANSPOSED ? IN_C - in : OUT_C - out);
#endif
        }
    }
}

MMA_INLINE float4 column_of(const float4 square[4], int j) {
    return (float4)(mma_four(square[0], j), mma_four(square[1], j), mma_four(square[2], j), mma_four(square[3], j));
}

kernel __attribute__((reqd_work_group_size(PACK_ITEMS, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global float *packed, ulong packed_offset) {
    const int i = GROUP_ID(0, PACK_ITEMS) * PACK_ITEMS + get_local_id(0), plane = i / ALL_OUT;
    float4 square[4], rows[4];
    if (plane >= KERNEL_H * KERNEL_W * ALL_PLANES) return;
    read_square(weight + weight_offset, plane / ALL_PLANES, plane % ALL_PLANES * 16 + i % 4 * 4, i % ALL_OUT / 4 * 4, square);
    #pragma unroll
    for (int j = 0; j < 4; j++) rows[j] = TRANSPOSED ? square[j] : column_of(square, j);
    mma_pack_rows(packed + packed_offset + i / MMA_M * MMA_PACKED, i / 4 % (MMA_M / 4), i % 4, rows);
}

/* The item's weights of one eight of a step. */
MMA_INLINE void read_weights(mma_rows a[M_TILES][A_PARTS], global const float *weights, int eight) {
    #pragma unroll
    for (int part = 0; part < A_PARTS; part++) {
        #pragma unroll
        for (int m = 0; m < M_TILES; m++) a[m][part] = mma_read_rows(weights + m * MMA_PACKED + part * MMA_BLOCK, eight);
    }
}

/* Its inputs of a tile, both eights; `from`: where those of each of its positions are. */
MMA_INLINE void read_columns(mma_columns *first, mma_columns *second, local const float *patch, const int from[B_COLUMNS]) {
#if B_COLUMNS == 1
    float4 v = *(local const float4 *)(patch + from[0]);
    *first = v.lo;
    *second = v.hi;
#else
    #pragma unroll
    for (int c = 0; c < B_COLUMNS; c++) {
        float2 v = *(local const float2 *)(patch + from[c]);
        ((float *)first)[c] = v.x;
        ((float *)second)[c] = v.y;
    }
#endif
}

MMA_INLINE void read_inputs(mma_columns b[2][N_TILES][B_PARTS], local const float *patch,
                            const int from[N_TILES][B_COLUMNS]) {
    #pragma unroll
    for (int part = 0; part < B_PARTS; part++) {
        #pragma unroll
        for (int n = 0; n < N_TILES; n++)
            read_columns(&b[0][n][part], &b[1][n][part], patch + part * PATCH_FLOATS, from[n]);
    }
}

/* A step is a plane of a tap that meets inputs: where its weights are, and how far the patch is read from where a position
 * begins. Where there are no more, the last one. */
MMA_INLINE int2 step_of(local const int2 *taps, int step, int steps) {
    step = min(step, steps - 1);
    return taps[step / OWN_PLANES] + step % OWN_PLANES * SLICES * (int2)(PLANE_OF_WEIGHTS, PLANE);
}

/* All taps. Weights, which come from afar, are read while those before are multiplied: a step ahead, or half of one where they
 * have two parts. */
MMA_INLINE void add_taps(mma_sums sums[M_TILES][N_TILES], int steps, local const int2 *taps, global const float *weights,
                         local const float *patch, const int from[N_TILES][B_COLUMNS], local float *exchange) {
    mma_columns inputs[2][N_TILES][B_PARTS];
#if A_PARTS == 1
    mma_rows even[2][M_TILES][A_PARTS], odd[2][M_TILES][A_PARTS];
    int2 now = step_of(taps, 0, steps), next = step_of(taps, 1, steps);
    #pragma unroll
    for (int eight = 0; eight < 2; eight++) {
        read_weights(even[eight], weights + now.x, eight);
        read_weights(odd[eight], weights + next.x, eight);
    }
    #pragma unroll 1
    for (int step = 0; step < steps; step += 2) {
        int2 then = step_of(taps, step + 2, steps), after = step_of(taps, step + 3, steps);
        read_inputs(inputs, patch + now.y, from);
        #pragma unroll
        for (int eight = 0; eight < 2; eight++) {
            mma_multiply(sums, even[eight], inputs[eight], exchange);
            read_weights(even[eight], weights + then.x, eight);
        }
        if (step + 1 < steps) {
            read_inputs(inputs, patch + next.y, from);
            #pragma unroll
            for (int eight = 0; eight < 2; eight++) {
                mma_multiply(sums, odd[eight], inputs[eight], exchange);
                read_weights(odd[eight], weights + after.x, eight);
            }
        }
        now = then;
        next = after;
    }
#else
    mma_rows first[M_TILES][A_PARTS], second[M_TILES][A_PARTS];
    int2 now = step_of(taps, 0, steps);
    read_weights(first, weights + now.x, 0);
    #pragma unroll 1
    for (int step = 0; step < steps; step++) {
        int2 then = step_of(taps, step + 1, steps);
        read_inputs(inputs, patch + now.y, from);
        read_weights(second, weights + now.x, 1);
        mma_multiply(sums, first, inputs[0], exchange);
        read_weights(first, weights + then.x, 0);
        mma_multiply(sums, second, inputs[1], exchange);
        now = then;
    }
#endif
}

/* An item's sums of a tile: so many channels that are neighbours, of so many positions. */
#if MMA_LAYOUT == MMA_PTX
#define SUM_CHANNELS 2
#define SUMS_AT(sums, p) ((p) == 0 ? (sums).even : (sums).odd)
#elif MMA_LAYOUT == MMA_MFMA
#define SUM_CHANNELS 4
#define SUMS_AT(sums, p) (sums)
#else
#define SUM_CHANNELS 1
#define SUMS_AT(sums, p) mma_sum(sums, p)
#endif
#define SUM_POSITIONS (MMA_SUMS / SUM_CHANNELS)
typedef FLOATS(SUM_CHANNELS) out_vector;

/* From channel c on, as far as there are channels. */
MMA_INLINE out_vector read_bias(global const float *bias, int c) {
    out_vector v = (out_vector)(0);
#if BIAS
#if OUT_C % SUM_CHANNELS == 0
    if (c < OUT_C) v = *(global const out_vector *)(bias + c);
#else
    #pragma unroll
    for (int j = 0; j < SUM_CHANNELS; j++)
        if (c + j < OUT_C) ((float *)&v)[j] = bias[c + j];
#endif
#endif
    return v;
}

/* Makes outputs of sums: `first` is the first channel of the position, c that of the sums. */
MMA_INLINE void put_vector(out_vector sums, global const float *mask, global float *out, int first, int c) {
    if (RELU) sums = sums < 0 ? (out_vector)(0) : sums;
#if OUT_C % SUM_CHANNELS == 0
    if (first < 0 || c >= OUT_C) return;
    if (MASK) sums = *(global const out_vector *)(mask + (first + c)) <= 0 ? (out_vector)(0) : sums;
    *(global out_vector *)(out + (first + c)) = sums;
#else
    #pragma unroll
    for (int j = 0; j < SUM_CHANNELS; j++)
        if (first >= 0 && c + j < OUT_C)
            out[first + c + j] = MASK && mask[first + c + j] <= 0 ? 0 : ((float *)&sums)[j];
#endif
}

/* A tile from a position on; c is the item's first channel. */
MMA_INLINE void put_tile(mma_sums sums, out_vector bias, local const int *outputs, global const float *mask,
                         global float *out, int c) {
    #pragma unroll
    for (int p = 0; p < SUM_POSITIONS; p++)
        put_vector(SUMS_AT(sums, p) + bias, mask, out, outputs[mma_column(p)], c);
}

/* The taps along an axis that meet any input from `size` of them. */
static int first_tap(span s, int tile, int stride) { return max(-(s.in + (tile - 1) * IN_STEP(stride)), 0); }

static int end_tap(span s, int size) { return min(s.taps, size - s.in); }

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) MMA_KERNEL
void conv(global const float *in, ulong in_offset, global const float *packed, ulong packed_offset,
          global const float *extra, ulong extra_offset, global float *out, ulong out_offset, int n) {
    local float pool[POOL] __attribute__((aligned(32)));
    local float exchange[MMA_EXCHANGE] __attribute__((aligned(16)));
    local int places[SLOTS], outputs[POSITIONS];
    local int2 taps[MOST_ALL_TAPS];
    int item = get_local_id(0), out0 = first_output(), image = first_image();
    int warp = mma_warp() % (WARPS / SLICES), slice = mma_warp() / (WARPS / SLICES);
    int channel0 = warp % WARPS_C * (M_TILES * MMA_M), position0 = warp / WARPS_C * (N_TILES * MMA_N);
    span x = span_x(), y = span_y();
    int from[N_TILES][B_COLUMNS];
    mma_sums sums[M_TILES][N_TILES];

    in += in_offset + (size_t)image * IN_IMAGE;
    out += out_offset + (size_t)image * OUT_IMAGE;
    extra += extra_offset + (MASK ? (size_t)image * OUT_IMAGE : 0);
    packed += packed_offset + (out0 + channel0) / MMA_M * MMA_PACKED + slice * PLANE_OF_WEIGHTS +
              mma_place();
    int first_row = first_tap(y, TILE_H, STRIDE_H), first_column = first_tap(x, TILE_W, STRIDE_W);
    int rows = end_tap(y, IN_H) - first_row, columns = end_tap(x, IN_W) - first_column;
    int all_taps = rows > 0 && columns > 0 ? rows * columns : 0;
    for (int i = item; i < SLOTS; i += LOCAL) places[i] = slot_place(y, x, n - image, i);
    for (int i = item; i < POSITIONS; i += LOCAL) outputs[i] = output_place(y, x, n - image, i);
    for (int i = item; i < all_taps; i += LOCAL) {
        int row = first_row + i / columns, column = first_column + i % columns;
        taps[i].x = (tap_of(y, row, STRIDE_H) * KERNEL_W + tap_of(x, column, STRIDE_W)) * TAP_OF_WEIGHTS;
        taps[i].y = slot_of_tap(row, column) * 16;
    }
    #pragma unroll
    for (int t = 0; t < N_TILES; t++) {
        #pragma unroll
        for (int c = 0; c < B_COLUMNS; c++)
            from[t][c] = slot_of_position(position0 + t * MMA_N + B_COLUMNS * mma_b_line() + c) * 16 +
                         mma_b_share() * (2 * B_ELEMENTS) + slice * PLANE;
        #pragma unroll
        for (int m = 0; m < M_TILES; m++) sums[m][t] = (mma_sums)(0);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int c0 = 0; c0 < IN_C && all_taps > 0; c0 += CHUNK_C) {
        #pragma unroll 4
        for (int v = 0; v * LOCAL < PATCH_VECTORS; v++) {
            int i = item + v * LOCAL;
            if (HAS_VECTOR(v, PATCH_VECTORS)) stage_input(pool, i, read_input(in, places[i / PIXEL_VECTORS], i, c0));
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        add_taps(sums, all_taps * OWN_PLANES, taps, packed + c0 / 16 * PLANE_OF_WEIGHTS, pool, from, exchange);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    int out_c = out0 + channel0 + mma_row(0);
#if SLICES == 1
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        out_vector bias = read_bias(extra, out_c + m * MMA_M);
        #pragma unroll
        for (int t = 0; t < N_TILES; t++)
            put_tile(sums[m][t], bias, outputs + position0 + t * MMA_N, extra, out, out_c + m * MMA_M);
    }
#else
    local mma_sums *parts = (local mma_sums *)pool;
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int t = 0; t < N_TILES; t++) parts[(m * N_TILES + t) * LOCAL + item] = sums[m][t];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    /* The tiles of a warp are finished by all that share it. */
    for (int i = slice; i < M_TILES * N_TILES; i += SLICES) {
        int c = out_c + i / N_TILES * MMA_M;
        mma_sums sum = (mma_sums)(0);
        #pragma unroll
        for (int part = 0; part < SLICES; part++)
            sum += parts[i * LOCAL + part * (LOCAL / SLICES) + item % (LOCAL / SLICES)];
        put_tile(sum, read_bias(extra, c), outputs + position0 + i % N_TILES * MMA_N, extra, out, c);
    }
#endif
}
