/* Gather and spread (src/ops/conv.h) by Winograd's algorithm (tools/winograd-transforms), for devices whose work-groups
 * share local memory: what is transformed never leaves it. conv_pack transforms the weights (winograd_pack.cl). A
 * work-group of conv makes TILES tiles of STEP x STEP outputs in BLOCK channels: DEPTH input channels at a time, it transforms
 * squares of SIZE x SIZE inputs, their columns, which neighbouring tiles share, and then their rows in place, and multiplies
 * them. An item has the sums of one of the SIZE x SIZE elements, of 4 channels in all tiles. They go back the same way,
 * 4 tiles at a time. With strides, gather takes the phases of its input (src/ops/winograd.h) as so many channels more, and
 * spread makes those of its output.
 *
 * Macros: those of conv_options, SIZE, STEP, TAPS (of a phase, on an axis), PAIRS (of conv_pack), TILES (a multiple of 4),
 * BLOCK, DEPTH (weights of half as many channels are read behind the last one, too). What forward and backward differ in are
 * arguments, so that they share programs: transposed (of conv_pack), bias and mask, which may be NULL, and relu. */
/* Between positions of a phase, of the input and of the output. */
#define IN_STRIDE_H (SPREAD ? 1 : STRIDE_H)
#define IN_STRIDE_W (SPREAD ? 1 : STRIDE_W)
#define OUT_STRIDE_H (SPREAD ? STRIDE_H : 1)
#define OUT_STRIDE_W (SPREAD ? STRIDE_W : 1)
#define TILES_X (((OUT_W + OUT_STRIDE_W - 1) / OUT_STRIDE_W + STEP - 1) / STEP)
#define TILES_Y (((OUT_H + OUT_STRIDE_H - 1) / OUT_STRIDE_H + STEP - 1) / STEP)

#define PACK_IN ((IN_C + DEPTH - 1) / DEPTH * DEPTH)
#define PACK_OUT ((OUT_C + BLOCK - 1) / BLOCK * BLOCK)
/* A block's weights of a channel lie together, those of neighbouring elements side by side. */
#define PACKED(element, c, o) ((((o) / BLOCK * PACK_IN + (c)) * ELEMENTS + (element)) * BLOCK + (o) % BLOCK)
#include "winograd_group.cl"
#include "winograd_pack.cl"

#define ELEMENT_ITEMS (BLOCK / 4)
#define ITEMS (ELEMENTS * ELEMENT_ITEMS)
#define CHANNEL (ELEMENTS * ELEMENT_ITEMS) /* vectors of its weights */

/* Transformed tiles are [element][channel][tile]. An odd number of vectors from channel to channel, and from element to
 * element, keeps neighbours in different banks. */
#define PITCH ((TILES / 4 | 1) * 4)
#define STRIDE (DEPTH * PITCH + 4)
/* On the way back it is [element][tile][channel], of 4 tiles. */
#define OUT_LANES (4 * BLOCK)
#define OUT_STRIDE (OUT_LANES + (BLOCK < 32 ? BLOCK : 0))
#define STAGED (ELEMENTS * (STRIDE > OUT_STRIDE ? STRIDE : OUT_STRIDE))

/* A row of tiles has EXTRA slots of STEP columns more than it has tiles. COLUMNS: of a work-group, in one channel each;
 * neighbouring items have neighbouring channels of as many slots as there are tiles in a vector. */
#define EXTRA ((SIZE - 1) / STEP)
#define ROW_SLOTS (TILES_X + EXTRA)
#define SLOTS ((TILES + ((TILES_X + TILES - 2) / TILES_X + 1) * EXTRA + 3) / 4 * 4)
#define COLUMNS (SLOTS * STEP * DEPTH)
#define OWN_COLUMNS ((COLUMNS + ITEMS - 1) / ITEMS) /* of an item */
/* Rows that are transformed at a time, by an item for each tile and channel. */
#define LINE_ITEMS (TILES * DEPTH)
#define PASSES ((SIZE + ITEMS / LINE_ITEMS - 1) / (ITEMS / LINE_ITEMS))
#define LINES ((SIZE + PASSES - 1) / PASSES)
#define OWN_ROWS ((OUT_LANES * STEP + ITEMS - 1) / ITEMS) /* of outputs, of an item */

static local float *element_of(local float *staged, int y, int x, int tile, int c) {
    return staged + (y * SIZE + x) * STRIDE + c * PITCH + tile;
}

/* Where a tile's inputs begin beside its outputs, on an axis. */
static int base_of(int phase, const int pad, const int stride) {
    const int offset = PHASE_OFFSET(phase, pad, stride);
    return SPREAD ? 1 - TAPS - offset : offset;
}

/* Tiles of a work-group: the first of them is tile x of a row of those of all images. */
typedef struct tile_block {
    int row, x, count;
} tile_block;

/* A column of a phase of the input, in the first channels: where it is, where it goes to as a column of the tile of its slot,
 * and bits of the rows that are inside, then of the tiles that it is a column of: that of its slot and those before. */
typedef struct source {
    global const float *from;
    local float *to;
    uint bits;
} source;

static source source_of(global const float *in, local float *staged, tile_block b, int phase, int i) {
    const int c = i % DEPTH, at = i / (DEPTH * 4) % STEP, slots = b.x + i / (STEP * DEPTH * 4) * 4 + i / DEPTH % 4;
    const int slot = slots % ROW_SLOTS, row = b.row + slots / ROW_SLOTS;
    const int tile = slots / ROW_SLOTS * TILES_X + slot - b.x, phase_y = phase / STRIDE_W, phase_x = phase % STRIDE_W;
    const int y0 = (row % TILES_Y * STEP + base_of(phase_y, PAD_H, STRIDE_H)) * IN_STRIDE_H + (SPREAD ? 0 : phase_y);
    const int x = (slot * STEP + at + base_of(phase_x, PAD_W, STRIDE_W)) * IN_STRIDE_W + (SPREAD ? 0 : phase_x);
    source s = {in + (ptrdiff_t)(row / TILES_Y) * (IN_H * IN_W * IN_C) + (y0 * IN_W + x) * IN_C + c,
                element_of(staged, 0, at, tile, c), 0};
    if (COLUMNS % ITEMS != 0 && i >= COLUMNS) return s;
    bool is_of_tile = false; /* not only of what is behind the last one */
    #pragma unroll
    for (int j = 0; j <= EXTRA; j++) {
        if (at + j * STEP >= SIZE || slot < j || slot - j >= TILES_X || tile < j || tile - j >= TILES) continue;
        s.bits |= 1u << (SIZE + j);
        is_of_tile |= tile - j < b.count;
    }
    if (!is_of_tile || x < 0 || x >= IN_W) return s;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) s.bits |= y0 + y * IN_STRIDE_H >= 0 && y0 + y * IN_STRIDE_H < IN_H ? 1u << y : 0;
    return s;
}

/* Of the next channels, of which there are `count`; what is behind them is 0. */
ALWAYS_INLINE void load_column(source *s, int c, int count, float *column) {
    const uint rows = (IN_C % DEPTH == 0 ? 0 : c) < count ? s->bits : 0;
    #pragma unroll
    for (int y = 0; y < SIZE; y++) column[y] = rows & 1u << y ? s->from[y * (IN_STRIDE_H * IN_W * IN_C)] : 0;
    s->from += DEPTH;
}

/* To all tiles that it is a column of. */
ALWAYS_INLINE void stage_column(source s, const float *in) {
    float column[MAX_SIZE];
    if (COLUMNS % ITEMS != 0 && !(s.bits >> SIZE)) return;
    TRANSFORM(data, SIZE, SIZE)(in, column);
    #pragma unroll
    for (int j = 0; j <= EXTRA; j++) {
        if (!(s.bits & 1u << (SIZE + j))) continue;
        #pragma unroll
        for (int y = 0; y < SIZE; y++) s.to[(y * SIZE + j * STEP) * STRIDE - j] = column[y];
    }
}

/* All rows, in place: as many at a time as there are items for. */
static void transform_rows(local float *staged, int item) {
    const int c = item % DEPTH, tile = item / DEPTH % TILES;
    if (item >= LINES * LINE_ITEMS) return;
    #pragma unroll 1
    for (int j = 0; j < PASSES; j++) {
        const int y = item / LINE_ITEMS + j * LINES;
        if (SIZE % LINES != 0 && y >= SIZE) return;
        float in[MAX_SIZE], row[MAX_SIZE];
        #pragma unroll
        for (int x = 0; x < SIZE; x++) in[x] = *element_of(staged, y, x, tile, c);
        TRANSFORM(data, SIZE, SIZE)(in, row);
        #pragma unroll
        for (int x = 0; x < SIZE; x++) *element_of(staged, y, x, tile, c) = row[x];
    }
}

/* Half of those that are staged. */
ALWAYS_INLINE void load_weights(global const float4 *weight, float4 *w) {
    #pragma unroll
    for (int c = 0; c < DEPTH / 2; c++) w[c] = weight[c * CHANNEL];
}

ALWAYS_INLINE void add_products(local const float4 *tiles, float4 w, float4 *sums) {
    #pragma unroll
    for (int t = 0; t < TILES; t += 4) {
        const float4 in = tiles[t / 4];
        sums[t] = fma((float4)(in.x), w, sums[t]);
        sums[t + 1] = fma((float4)(in.y), w, sums[t + 1]);
        sums[t + 2] = fma((float4)(in.z), w, sums[t + 2]);
        sums[t + 3] = fma((float4)(in.w), w, sums[t + 3]);
    }
}

static void put_sums(local float4 *staged, int element, int own_o, const float4 *sums) {
    #pragma unroll
    for (int t = 0; t < 4; t++)
        staged[element * (OUT_STRIDE / 4) + t * ELEMENT_ITEMS + own_o] = sums[t];
}

/* In place. */
static void sum_columns(local float *staged, int item) {
    for (int i = item; i < OUT_LANES * SIZE; i += ITEMS) {
        local float *at = staged + i / OUT_LANES * OUT_STRIDE + i % OUT_LANES;
        float in[MAX_SIZE], column[MAX_SIZE];
        #pragma unroll
        for (int y = 0; y < SIZE; y++) in[y] = at[y * SIZE * OUT_STRIDE];
        TRANSFORM(sum, STEP, SIZE)(in, column);
        #pragma unroll
        for (int y = 0; y < STEP; y++) at[y * SIZE * OUT_STRIDE] = column[y];
    }
}

/* A row of a tile's outputs in one channel: its first place, from the first image of the work-group on, and how many are
 * inside. */
typedef struct target {
    int first, count;
} target;

static target target_of(tile_block b, int phase, int o0, int tile0, int i) {
    const int tile = tile0 + i % OUT_LANES / BLOCK, o = o0 + i % BLOCK, tile_x = b.x + tile;
    const int row = b.row + tile_x / TILES_X;
    const int y = (row % TILES_Y * STEP + i / OUT_LANES) * OUT_STRIDE_H + (SPREAD ? phase / STRIDE_W : 0);
    const int x = tile_x % TILES_X * (STEP * OUT_STRIDE_W) + (SPREAD ? phase % STRIDE_W : 0);
    const bool inside = i < OUT_LANES * STEP && tile < b.count && y < OUT_H && x < OUT_W && o < OUT_C;
    const int count = (OUT_W - x + OUT_STRIDE_W - 1) / OUT_STRIDE_W;
    const target t = {(((row / TILES_Y - b.row / TILES_Y) * OUT_H + y) * OUT_W + x) * OUT_C + o, inside ? count : 0};
    return t;
}

ALWAYS_INLINE void load_mask(target t, global const float *mask, float *row) {
    #pragma unroll
    for (int x = 0; x < STEP; x++) row[x] = mask && x < t.count ? mask[t.first + x * (OUT_STRIDE_W * OUT_C)] : 1;
}

/* What is masked is 0. */
static void put_row(local const float *staged, target t, int i, float added, int relu, const float *mask,
                    global float *out) {
    local const float *at = staged + i / OUT_LANES * (SIZE * OUT_STRIDE) + i % OUT_LANES;
    float in[MAX_SIZE], row[MAX_SIZE];
    if (t.count <= 0) return;
    #pragma unroll
    for (int x = 0; x < SIZE; x++) in[x] = at[x * OUT_STRIDE];
    TRANSFORM(sum, STEP, SIZE)(in, row);
    #pragma unroll
    for (int x = 0; x < STEP; x++) {
        float value = row[x] + added;
        if (relu) value = value < 0 ? 0 : value;
        if (x < t.count) out[t.first + x * (OUT_STRIDE_W * OUT_C)] = mask[x] <= 0 ? 0 : value;
    }
}

/* Work-groups: tiles of all images; blocks of channels; phases of the output. */
kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1)))
void conv(global const float *in, ulong in_offset, global const float *work, ulong work_offset, global const float *bias,
          ulong bias_offset, global const float *mask, ulong mask_offset, global float *out, ulong out_offset, int tiles,
          int relu) {
    local float4 staged4[STAGED / 4];
    local float *staged = (local float *)staged4;
    const int item = get_local_id(0), element = item / ELEMENT_ITEMS, own_o = item % ELEMENT_ITEMS;
    const int first = GROUP_ID(0, ITEMS) * TILES, o0 = GROUP_ID(1, 1) * BLOCK;
    const int out_phase = SPREAD ? GROUP_ID(2, 1) % PHASES : 0; /* a number, where there is one */
    const tile_block b = {first / TILES_X, first % TILES_X, min(tiles - first, TILES)};
    float4 sums[TILES];
    #pragma unroll
    for (int t = 0; t < TILES; t++) sums[t] = (float4)(0);
    for (int phase = out_phase; phase < (SPREAD ? out_phase + 1 : PHASES); phase++) {
        global const float4 *weight = (global const float4 *)(work + work_offset +
            (size_t)phase * (ELEMENTS * PACK_IN * PACK_OUT) + PACKED(element, 0, o0)) + own_o;
        float columns[OWN_COLUMNS][MAX_SIZE];
        source sources[OWN_COLUMNS];
        #pragma unroll
        for (int j = 0; j < OWN_COLUMNS; j++) {
            sources[j] = source_of(in + in_offset, staged, b, phase, item + j * ITEMS);
            load_column(&sources[j], (item + j * ITEMS) % DEPTH, IN_C, columns[j]);
        }
        float4 w[DEPTH];
        load_weights(weight, w);
        /* What comes from global memory is on its way while other things are computed. */
        for (int left = IN_C; left > 0; left -= DEPTH, weight += DEPTH * CHANNEL) {
            #pragma unroll
            for (int j = 0; j < OWN_COLUMNS; j++) stage_column(sources[j], columns[j]);
            barrier(CLK_LOCAL_MEM_FENCE);
            load_weights(weight + DEPTH / 2 * CHANNEL, w + DEPTH / 2);
            transform_rows(staged, item);
            #pragma unroll
            for (int j = 0; j < OWN_COLUMNS; j++)
                load_column(&sources[j], (item + j * ITEMS) % DEPTH, left - DEPTH, columns[j]);
            barrier(CLK_LOCAL_MEM_FENCE);
            #pragma unroll
            for (int c = 0; c < DEPTH; c++)
                add_products(staged4 + element * (STRIDE / 4) + c * (PITCH / 4), w[c], sums);
            load_weights(weight + DEPTH * CHANNEL, w);
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
    const size_t out_image = (size_t)(b.row / TILES_Y) * (OUT_H * OUT_W * OUT_C);
    out += out_offset + out_image;
    if (mask) mask += mask_offset + out_image;
    if (bias) bias += bias_offset;
    #pragma unroll
    for (int tile = 0; tile < TILES; tile += 4) {
        target targets[OWN_ROWS];
        float masks[OWN_ROWS][STEP], added[OWN_ROWS];
        #pragma unroll
        for (int j = 0; j < OWN_ROWS; j++) {
            targets[j] = target_of(b, out_phase, o0, tile, item + j * ITEMS);
            load_mask(targets[j], mask, masks[j]);
            added[j] = bias && targets[j].count > 0 ? bias[o0 + (item + j * ITEMS) % BLOCK] : 0;
        }
        put_sums(staged4, element, own_o, sums + tile);
        barrier(CLK_LOCAL_MEM_FENCE);
        sum_columns(staged, item);
        barrier(CLK_LOCAL_MEM_FENCE);
        #pragma unroll
        for (int j = 0; j < OWN_ROWS; j++)
            put_row(staged, targets[j], item + j * ITEMS, added[j], relu, masks[j], out);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}
