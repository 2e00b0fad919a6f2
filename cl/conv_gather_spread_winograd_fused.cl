/* Gather and spread (src/ops/conv.h) by Winograd's algorithm (tools/winograd-transforms), for devices whose work-groups
 * share local memory: what is transformed never leaves it. conv_pack transforms the weights (winograd_pack.cl). A
 * work-group of conv makes TILES tiles of STEP x STEP outputs in BLOCK channels: DEPTH input channels at a time, it transforms
 * squares of SIZE x SIZE inputs, their columns and then their rows in place, and multiplies them. An item has the sums of one of the
 * SIZE x SIZE elements, of 4 channels in all tiles. They go back the same way, 4 channels at a time. With strides, gather takes
 * the phases of its input (src/ops/winograd.h) as so many channels more, and spread makes those of its output.
 *
 * Macros: those of conv_options, SIZE, STEP, TAPS (of a phase, on an axis), PAIRS (of conv_pack), TILES, BLOCK. What forward
 * and backward differ in are arguments, so that they share programs: transposed (of conv_pack), bias and mask, which may
 * be NULL, and relu. */
/* Between positions of a phase, of the input and of the output. */
#define IN_STRIDE_H (SPREAD ? 1 : STRIDE_H)
#define IN_STRIDE_W (SPREAD ? 1 : STRIDE_W)
#define OUT_STRIDE_H (SPREAD ? STRIDE_H : 1)
#define OUT_STRIDE_W (SPREAD ? STRIDE_W : 1)
#define TILES_X (((OUT_W + OUT_STRIDE_W - 1) / OUT_STRIDE_W + STEP - 1) / STEP)
#define TILES_Y (((OUT_H + OUT_STRIDE_H - 1) / OUT_STRIDE_H + STEP - 1) / STEP)

#define DEPTH 4
#define PACK_IN ((IN_C + DEPTH - 1) / DEPTH * DEPTH)
#define PACK_OUT ((OUT_C + BLOCK - 1) / BLOCK * BLOCK)
#include "winograd_group.cl"
#include "winograd_pack.cl"

#define ELEMENT_ITEMS (BLOCK / 4)
#define ITEMS (ELEMENTS * ELEMENT_ITEMS)
/* An element's [tile][channel]. 4 floats further on are the next element's, in other banks. */
#define STRIDE (TILES * DEPTH + 4)
/* Columns of squares, of a channel each, and how many of them an item has. */
#define COLUMNS (TILES * SIZE * DEPTH)
#define OWN_COLUMNS ((COLUMNS + ITEMS - 1) / ITEMS)

/* A column, or a row, of a tile in one of DEPTH channels: neighbouring items have neighbouring channels. */
typedef struct line {
    int tile, at, c; /* at: x of a column, y of a row; c: among DEPTH */
} line;

static line column_of(int i) {
    const line l = {i / (SIZE * DEPTH), i / DEPTH % SIZE, i % DEPTH};
    return l;
}
static line row_of(int i) {
    const line l = {i / DEPTH % TILES, i / (TILES * DEPTH), i % DEPTH};
    return l;
}

static local float *element_of(local float *staged, int y, int x, line l) {
    return staged + (y * SIZE + x) * STRIDE + l.tile * DEPTH + l.c;
}

/* A column of a phase of the input, of the first channels: its place, and bits of the rows that are inside. */
typedef struct source {
    global const float *from;
    uint rows;
} source;

/* Where a tile's inputs begin beside its outputs, on an axis. */
static int base_of(int phase, const int pad, const int stride) {
    const int offset = PHASE_OFFSET(phase, pad, stride);
    return SPREAD ? 1 - TAPS - offset : offset;
}

static source source_of(global const float *in, int first, int tiles, int phase, int i) {
    const line l = column_of(i);
    const place tile = place_of(first + l.tile, TILES_Y);
    const int phase_y = phase / STRIDE_W, phase_x = phase % STRIDE_W;
    const int y0 = (tile.y * STEP + base_of(phase_y, PAD_H, STRIDE_H)) * IN_STRIDE_H + (SPREAD ? 0 : phase_y);
    const int x = (tile.x * STEP + base_of(phase_x, PAD_W, STRIDE_W) + l.at) * IN_STRIDE_W + (SPREAD ? 0 : phase_x);
    source s = {in + (ptrdiff_t)tile.image * (IN_H * IN_W * IN_C) + (y0 * IN_W + x) * IN_C + l.c, 0};
    if (i >= COLUMNS || first + l.tile >= tiles || x < 0 || x >= IN_W) return s;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) s.rows |= y0 + y * IN_STRIDE_H >= 0 && y0 + y * IN_STRIDE_H < IN_H ? 1u << y : 0;
    return s;
}

/* Of the channels from c0 on. */
ALWAYS_INLINE void load_column(source s, int c, int c0, float *column) {
    const uint rows = IN_C % DEPTH == 0 || c0 + c < IN_C ? s.rows : 0;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) column[y] = rows & 1u << y ? s.from[y * (IN_STRIDE_H * IN_W * IN_C) + c0] : 0;
}

ALWAYS_INLINE void stage_column(local float *staged, int i, const float *in) {
    const line l = column_of(i);
    float column[MAX_SIZE];
    if (COLUMNS % ITEMS != 0 && i >= COLUMNS) return;
    TRANSFORM(data, SIZE, SIZE)(in, column);
    #pragma unroll
    for (int y = 0; y < SIZE; y++) *element_of(staged, y, l.at, l) = column[y];
}

/* In place. */
static void transform_row(local float *staged, int i) {
    const line l = row_of(i);
    float in[MAX_SIZE], row[MAX_SIZE];
    if (COLUMNS % ITEMS != 0 && i >= COLUMNS) return;
    #pragma unroll
    for (int x = 0; x < SIZE; x++) in[x] = *element_of(staged, l.at, x, l);
    TRANSFORM(data, SIZE, SIZE)(in, row);
    #pragma unroll
    for (int x = 0; x < SIZE; x++) *element_of(staged, l.at, x, l) = row[x];
}

ALWAYS_INLINE void add_products(local const float4 *element, const float4 *w, float4 *sums) {
    #pragma unroll
    for (int t = 0; t < TILES; t++) {
        const float4 in = element[t];
        sums[t] = fma((float4)(in.x), w[0], sums[t]);
        sums[t] = fma((float4)(in.y), w[1], sums[t]);
        sums[t] = fma((float4)(in.z), w[2], sums[t]);
        sums[t] = fma((float4)(in.w), w[3], sums[t]);
    }
}

static void sum_column(local float *staged, int i) {
    const line l = column_of(i);
    float in[MAX_SIZE], column[MAX_SIZE];
    if (COLUMNS % ITEMS != 0 && i >= COLUMNS) return;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) in[y] = *element_of(staged, y, l.at, l);
    TRANSFORM(sum, STEP, SIZE)(in, column);
    #pragma unroll
    for (int y = 0; y < STEP; y++) *element_of(staged, y, l.at, l) = column[y];
}

/* What a row of outputs gets besides its sums; the pointers are NULL, or at the output's channel 0. */
typedef struct epilogue {
    global const float *bias, *mask;
    int relu;
} epilogue;

static void put_row(local float *staged, int i, int first, int tiles, int phase, int o0, epilogue e, global float *out) {
    const line l = row_of(i);
    const place tile = place_of(first + l.tile, TILES_Y);
    const int y = (tile.y * STEP + l.at) * OUT_STRIDE_H + (SPREAD ? phase / STRIDE_W : 0), o = o0 + l.c;
    const int x0 = tile.x * STEP * OUT_STRIDE_W + (SPREAD ? phase % STRIDE_W : 0);
    if (i >= TILES * STEP * DEPTH || first + l.tile >= tiles || y >= OUT_H || o >= OUT_C) return;
    float in[MAX_SIZE], row[MAX_SIZE];
    #pragma unroll
    for (int x = 0; x < SIZE; x++) in[x] = *element_of(staged, l.at, x, l);
    TRANSFORM(sum, STEP, SIZE)(in, row);
    const size_t at = (((size_t)tile.image * OUT_H + y) * OUT_W + x0) * OUT_C + o;
    const float added = e.bias ? e.bias[o] : 0;
    #pragma unroll
    for (int x = 0; x < STEP; x++) {
        if (x0 + x * OUT_STRIDE_W >= OUT_W) continue;
        float value = row[x] + added;
        if (e.relu) value = value < 0 ? 0 : value;
        if (e.mask) value = e.mask[at + x * (OUT_STRIDE_W * OUT_C)] <= 0 ? 0 : value;
        out[at + x * (OUT_STRIDE_W * OUT_C)] = value;
    }
}

/* Work-groups: tiles of all images; blocks of channels; phases of the output. */
kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *work, ulong work_offset, global const float *bias,
          ulong bias_offset, global const float *mask, ulong mask_offset, global float *out, ulong out_offset, int tiles,
          int relu) {
    local float4 staged4[ELEMENTS * STRIDE / 4];
    local float *staged = (local float *)staged4;
    const int item = get_local_id(0), element = item / ELEMENT_ITEMS, own_o = item % ELEMENT_ITEMS;
    const int first = GROUP_ID(0, ITEMS) * TILES, o0 = GROUP_ID(1, 1) * BLOCK, out_phase = GROUP_ID(2, 1);
    float4 sums[TILES];
    #pragma unroll
    for (int t = 0; t < TILES; t++) sums[t] = (float4)(0);
    for (int phase = out_phase; phase < (SPREAD ? out_phase + 1 : PHASES); phase++) {
        global const float4 *weight =
            (global const float4 *)(work + work_offset + (size_t)(phase * ELEMENTS + element) * (PACK_IN * PACK_OUT) + o0)
            + own_o;
        float columns[OWN_COLUMNS][MAX_SIZE];
        source sources[OWN_COLUMNS];
        #pragma unroll
        for (int j = 0; j < OWN_COLUMNS; j++) {
            sources[j] = source_of(in + in_offset, first, tiles, phase, item + j * ITEMS);
            load_column(sources[j], column_of(item + j * ITEMS).c, 0, columns[j]);
        }
        /* What comes from global memory is on its way while other things are computed. */
        for (int c0 = 0; c0 < IN_C; c0 += DEPTH, weight += DEPTH * (PACK_OUT / 4)) {
            float4 w[DEPTH];
            #pragma unroll
            for (int c = 0; c < DEPTH; c++) w[c] = weight[c * (PACK_OUT / 4)];
            #pragma unroll
            for (int j = 0; j < OWN_COLUMNS; j++) stage_column(staged, item + j * ITEMS, columns[j]);
            barrier(CLK_LOCAL_MEM_FENCE);
            #pragma unroll
            for (int j = 0; j < OWN_COLUMNS; j++) transform_row(staged, item + j * ITEMS);
            barrier(CLK_LOCAL_MEM_FENCE);
            if (c0 + DEPTH < IN_C) {
                #pragma unroll
                for (int j = 0; j < OWN_COLUMNS; j++)
                    load_column(sources[j], column_of(item + j * ITEMS).c, c0 + DEPTH, columns[j]);
            }
            add_products(staged4 + element * (STRIDE / 4), w, sums);
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
    const epilogue e = {bias ? bias + bias_offset : bias, mask ? mask + mask_offset : mask, relu};
    for (int o = 0; o < ELEMENT_ITEMS && o0 + o * 4 < OUT_C; o++) {
        if (own_o == o) {
            #pragma unroll
            for (int t = 0; t < TILES; t++) staged4[element * (STRIDE / 4) + t] = sums[t];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        #pragma unroll
        for (int j = 0; j < OWN_COLUMNS; j++) sum_column(staged, item + j * ITEMS);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int i = item; i < TILES * STEP * DEPTH; i += ITEMS)
            put_row(staged, i, first, tiles, out_phase, o0 + o * 4, e, out + out_offset);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
