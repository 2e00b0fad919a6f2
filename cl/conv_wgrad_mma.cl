/* Wgrad (src/ops/conv.h) by matrix units: products of matrices whose rows are (tap, channel of wide), whose columns are channels
 * of narrow, and whose sums go over the positions of narrow, a tile of TILE_N images x TILE_H x TILE_W of them at a time. A
 * work-group makes BLOCK_W channels x BLOCK_O sums of some taps from the tiles of one chunk, each warp TAPS_WARP taps and one of
 * PARTS_W parts of the channels of wide. Of a tile the patch of wide below it is staged once for all taps, and narrow beside it,
 * both as operands; the next tile is read while this one is multiplied.
 *
 * conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow] and then dbias; conv_wgrad_reduce adds the chunks up in
 * order.
 *
 * Macros: those of conv_wgrad_parts.cl; STRIDE_H STRIDE_W, PAD_H PAD_W; TILE_N TILE_H TILE_W, TAPS_WARP, PARTS_W, BLOCK_W (a
 * multiple of MMA_M PARTS_W), BLOCK_O (of MMA_N); MMA and PRECISION_TF32 (mma.cl). LOCAL is a multiple of BLOCK_W / 4 and of
 * BLOCK_O / 4: all vectors of an item are of the same channels. Floats of TILE_N images are counted in int. */

#define C_TILES (BLOCK_W / PARTS_W / MMA_M)
#define M_TILES (TAPS_WARP * C_TILES)
#define N_TILES (BLOCK_O / MMA_N)
#include "mma.cl"
#include "conv_wgrad_parts.cl"

#define ALL_TAPS (KERNEL_H * KERNEL_W)
#define GROUP_TAPS (WARPS / PARTS_W * TAPS_WARP)
#define BLOCKS_W UP(WIDE_C, BLOCK_W)
#define BLOCKS_R (BLOCKS_W * UP(ALL_TAPS, GROUP_TAPS))
#define BLOCKS_O UP(NARROW_C, BLOCK_O)

/* Positions of a tile, and steps of 8 of them. */
#define TILE_PIXELS (TILE_H * TILE_W)
#define POSITIONS (TILE_N * TILE_PIXELS)
#define STEPS UP(POSITIONS, 8)
#define TILES_H UP(NARROW_H, TILE_H)
#define TILES_W UP(NARROW_W, TILE_W)
#define TILES(n) (UP(n, TILE_N) * (TILES_H * TILES_W))

/* The patch: [pixel][channel]. A row's pixels of one remainder by the stride are neighbours, so that positions that are
 * neighbours read from neighbours, and these are 8 banks apart. */
#define PATCH_H ((TILE_H - 1) * STRIDE_H + KERNEL_H)
#define PATCH_W ((TILE_W - 1) * STRIDE_W + KERNEL_W)
#define PART_OF_ROW UP(PATCH_W, STRIDE_W)
#define PITCH (PART_OF_ROW * STRIDE_W)
#define SLOTS (TILE_N * PATCH_H * PITCH)
#define WIDE_STRIDE (BLOCK_W + 8)
#define NARROW_STRIDE ((BLOCK_O | 8) % 16 == 8 ? (BLOCK_O | 8) : BLOCK_O + 8)
#define WIDE_FLOATS (SLOTS * WIDE_STRIDE)
#define NARROW_FLOATS (STEPS * 8 * NARROW_STRIDE)
#define STAGED (A_PARTS * WIDE_FLOATS + B_PARTS * NARROW_FLOATS)

/* Vectors of a tile, and of them those that an item brings. */
#define WIDE_ROW (BLOCK_W / 4)
#define WIDE_VECTORS (SLOTS * WIDE_ROW)
#define WIDE_LOADS UP(WIDE_VECTORS, LOCAL)
#define NARROW_ROW (BLOCK_O / 4)
#define NARROW_VECTORS (STEPS * 8 * NARROW_ROW)
#define NARROW_LOADS UP(NARROW_VECTORS, LOCAL)

static int slot_of(int image, int y, int x) { return (image * PATCH_H + y) * PITCH + x % STRIDE_W * PART_OF_ROW + x / STRIDE_W; }

/* Vectors of 16 channels are put down eight at a time, of pixels that are not neighbours: these would meet in some banks. */
static int slot_of_vector(int i) {
    int slot = i / WIDE_ROW;
#if BLOCK_W == 16 && SLOTS % 4 == 0
    slot = slot / 4 * 4 + slot % 2 * 2 + slot / 2 % 2;
#endif
    return slot;
}

/* What an item reads of each tile: image, row and column beside the tile's corner. An image beyond the tile's: nothing. */
typedef uint place;
#define PLACE(image, y, x) ((uint)(image) << 24 | (y) << 12 | (x))
#define IMAGE_OF(p) ((int)((p) >> 24))
#define Y_OF(p) ((int)((p) >> 12 & 0xfff))
#define X_OF(p) ((int)((p) & 0xfff))

/* `left`: channels from the vector's first one on. */
static place wide_place(int i, int left) {
    int slot = slot_of_vector(i), column = slot % PITCH, x = column % PART_OF_ROW * STRIDE_W + column / PART_OF_ROW;
    return PLACE(x < PATCH_W && i < WIDE_VECTORS && left > 0 ? slot / PITCH / PATCH_H : TILE_N, slot / PITCH % PATCH_H, x);
}

static place narrow_place(int i, int left) {
    int position = i / NARROW_ROW, pixel = position % TILE_PIXELS;
    return PLACE(left > 0 ? min(position / TILE_PIXELS, TILE_N) : TILE_N, pixel / TILE_W, pixel % TILE_W);
}

/* Where positions begin in the patch; those beyond the tile are given some pixel, too. */
static int patch_of_position(int position) {
    position = min(position, POSITIONS - 1);
    int pixel = position % TILE_PIXELS;
    return slot_of(position / TILE_PIXELS, pixel / TILE_W * STRIDE_H, pixel % TILE_W * STRIDE_W) * WIDE_STRIDE;
}

/* The corner of a tile: x, y, the image in z, and how many images there are from it on in w; none beyond the last tile. */
static int4 corner_of(int tile, int end, int n) {
    int image = tile / (TILES_H * TILES_W) * TILE_N;
    return (int4)(tile % TILES_W * TILE_W, tile / TILES_W % TILES_H * TILE_H, image,
                  tile < end ? min(n - image, TILE_N) : 0);
}

/* Four channels, of which there are so many; y and x are those of the corner. */
MMA_INLINE float4 read_vector(global const float *from, place p, int images, int y, int x, const int height, const int width,
                              const int channels, int left) {
    bool inside = IMAGE_OF(p) < images && (uint)(y + Y_OF(p)) < (uint)height && (uint)(x + X_OF(p)) < (uint)width;
    if (!inside) return (float4)(0);
    from += ((IMAGE_OF(p) * height + Y_OF(p)) * width + X_OF(p)) * channels;
    return channels % 4 == 0 ? *(global const float4 *)from : read_four(from, left);
}

/* `wide` and `narrow` begin at the item's first channel, `left_w` and `left_o` say how many there are. */
MMA_INLINE void read_tile(int4 t, global const float *wide, global const float *narrow, const place pixels[WIDE_LOADS],
                          const place positions[NARROW_LOADS], int left_w, int left_o, float4 next_wide[WIDE_LOADS],
                          float4 next_narrow[NARROW_LOADS]) {
    int y = t.y * STRIDE_H - PAD_H, x = t.x * STRIDE_W - PAD_W;
    wide += (size_t)t.z * (WIDE_H * WIDE_W * WIDE_C) + (y * WIDE_W + x) * WIDE_C;
    narrow += (size_t)t.z * (PIXELS * NARROW_C) + (t.y * NARROW_W + t.x) * NARROW_C;
    #pragma unroll
    for (int v = 0; v < WIDE_LOADS; v++)
        next_wide[v] = read_vector(wide, pixels[v], t.w, y, x, WIDE_H, WIDE_W, WIDE_C, left_w);
    #pragma unroll
    for (int v = 0; v < NARROW_LOADS; v++)
        next_narrow[v] = read_vector(narrow, positions[v], t.w, t.y, t.x, NARROW_H, NARROW_W, NARROW_C, left_o);
}

MMA_INLINE void stage_tile(local float *wide, local float *narrow, const float4 next_wide[WIDE_LOADS],
                           const float4 next_narrow[NARROW_LOADS]) {
    #pragma unroll
    for (int v = 0; v < WIDE_LOADS; v++) {
        int i = get_local_id(0) + v * LOCAL;
        if (HAS_VECTOR(v, WIDE_VECTORS))
            mma_stage_a(wide + (slot_of_vector(i) * WIDE_STRIDE + i % WIDE_ROW * 4), WIDE_FLOATS, next_wide[v]);
    }
    #pragma unroll
    for (int v = 0; v < NARROW_LOADS; v++) {
        int i = get_local_id(0) + v * LOCAL;
        if (HAS_VECTOR(v, NARROW_VECTORS))
            mma_stage_b(narrow + (i / NARROW_ROW * NARROW_STRIDE + i % NARROW_ROW * 4), NARROW_FLOATS, next_narrow[v]);
    }
}

/* The item's rows; `at`: where its positions begin in the patch. */
MMA_INLINE mma_rows read_rows(local const float *from, INTS(A_ELEMENTS) at) {
#if A_ROWS == 2
    float2 a = *(local const float2 *)(from + at.x), b = *(local const float2 *)(from + at.y);
    return (float4)(a.x, a.y, b.x, b.y);
#elif A_ELEMENTS == 2
    return (float2)(from[at.x], from[at.y]);
#else
    return (float8)(from[at.s0], from[at.s1], from[at.s2], from[at.s3], from[at.s4], from[at.s5], from[at.s6], from[at.s7]);
#endif
}

MMA_INLINE mma_columns read_columns(local const float *from) {
#if B_COLUMNS == 1
    return (float2)(from[0], from[B_SHARES * NARROW_STRIDE]);
#else
    return *(local const mma_columns *)from;
#endif
}

/* Eight positions. `wide` and `narrow` are the item's own. */
MMA_INLINE void add_step(mma_sums sums[M_TILES][N_TILES], local const float *wide, local const float *narrow,
                         INTS(A_ELEMENTS) at, const int taps[TAPS_WARP], local float *exchange) {
    mma_rows rows[M_TILES][A_PARTS];
    mma_columns columns[N_TILES][B_PARTS];
    #pragma unroll
    for (int part = 0; part < B_PARTS; part++) {
        #pragma unroll
        for (int n = 0; n < N_TILES; n++) columns[n][part] = read_columns(narrow + part * NARROW_FLOATS + n * MMA_N);
    }
    #pragma unroll
    for (int part = 0; part < A_PARTS; part++) {
        #pragma unroll
        for (int m = 0; m < M_TILES; m++)
            rows[m][part] = read_rows(wide + part * WIDE_FLOATS + taps[m / C_TILES] + m % C_TILES * MMA_M, at);
    }
    mma_multiply(sums, rows, columns, exchange);
}

/* Neighbouring columns are in pairs, or in fours, and slices begin at such. */
MMA_INLINE void store_tile(global float *partial, int row, int o, mma_sums sums) {
#if MMA_SUMS == 8 && NARROW_C % 4 == 0 && WIDE_C % 4 == 0
    const float4 first = WARP == 16 ? sums.even : sums.lo, second = WARP == 16 ? sums.odd : sums.hi;
    partial += (row + mma_row(0)) * NARROW_C + o;
    if (row + mma_row(0) < WIDE_C && o < NARROW_C) *(global float4 *)partial = first;
    if (row + mma_row(0) < WIDE_C && o + 4 < NARROW_C) *(global float4 *)(partial + 4) = second;
#elif MMA_LAYOUT == MMA_PTX && NARROW_C % 2 == 0 && WIDE_C % 2 == 0
    #pragma unroll
    for (int i = 0; i < 4; i += 2)
        if (row + mma_row(i) < WIDE_C && o + mma_column(i) < NARROW_C)
            *(global float2 *)(partial + (row + mma_row(i)) * NARROW_C + o + mma_column(i)) = i ? sums.hi : sums.lo;
#else
    #pragma unroll
    for (int i = 0; i < MMA_SUMS; i++)
        if (row + mma_row(i) < WIDE_C && o + mma_column(i) < NARROW_C)
            partial[(row + mma_row(i)) * NARROW_C + o + mma_column(i)] = mma_sum(sums, i);
#endif
}

/* Patches meet all of wide, so that its sums, too, can be made of what is staged: each pixel counts in the tile that it
 * follows. */
#define COVERS(in, out, kernel_size, stride, pad) (kernel_size >= stride && (out - 1) * stride + kernel_size - pad >= in)
#define PATCHES_COVER \
    (COVERS(WIDE_H, NARROW_H, KERNEL_H, STRIDE_H, PAD_H) && COVERS(WIDE_W, NARROW_W, KERNEL_W, STRIDE_W, PAD_W))

/* The next tile's share of the item's four elements of dbias. */
MMA_INLINE float4 sum_of_narrow(const float4 next_narrow[NARROW_LOADS]) {
    float4 sum = (float4)(0);
    #pragma unroll
    for (int v = 0; v < NARROW_LOADS; v++) sum += next_narrow[v];
    return sum;
}

MMA_INLINE float4 sum_of_wide(int4 t, const place pixels[WIDE_LOADS], const float4 next_wide[WIDE_LOADS]) {
    float4 sum = (float4)(0);
    int end_y = t.y + TILE_H < NARROW_H ? TILE_H * STRIDE_H : PATCH_H;
    int end_x = t.x + TILE_W < NARROW_W ? TILE_W * STRIDE_W : PATCH_W;
    #pragma unroll
    for (int v = 0; v < WIDE_LOADS; v++)
        sum += Y_OF(pixels[v]) < end_y && X_OF(pixels[v]) < end_x ? next_wide[v] : (float4)(0);
    return sum;
}

/* Adds up the items of each channel, of which there are `row` vectors: channels from c0 on. */
static void put_bias_sums(local const float4 *sums, int row, int c0, int dy_c, global float *dbias) {
    for (int c = get_local_id(0); c < row * 4 && c0 + c < dy_c; c += LOCAL) {
        float all = 0;
        for (int i = c / 4; i < LOCAL; i += row) all += ((local const float *)(sums + i))[c % 4];
        dbias[c0 + c] = all;
    }
}

/* Where patches do not cover wide: the share of a chunk in the pixels of dy. */
static void chunk_bias(local float *sums, global const float *dy, int dy_c, size_t dy_pixels, size_t chunks,
                       global float *dbias) {
    const size_t length = (dy_pixels + chunks - 1) / chunks, first = min(GROUP_ID(2, 1) * length, dy_pixels);
    partial_bias(sums, dy, dy_c, first, min(first + length, dy_pixels), GROUP_ID(1, 1), BLOCKS_O, dbias);
}

/* Work-groups: blocks of rows, and with dbias one more where patches do not cover wide; blocks of columns; chunks of `chunk`
 * tiles. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) MMA_KERNEL
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c) {
    local float pool[STAGED > 4 * LOCAL ? STAGED : 4 * LOCAL] __attribute__((aligned(32)));
    local float exchange[MMA_EXCHANGE] __attribute__((aligned(16)));
    local INTS(A_ELEMENTS) corners[STEPS * A_SHARES];
    const int all_tiles = TILES(n), first_tile = GROUP_ID(2, 1) * chunk, end = min(first_tile + chunk, all_tiles);
    wide += wide_offset;
    narrow += narrow_offset;
    partial += partial_offset + GROUP_ID(2, 1) * (size_t)(WEIGHTS + dy_c);
    if (GROUP_ID(0, LOCAL) == BLOCKS_R) {
        chunk_bias(pool, transposed ? wide : narrow, dy_c, (size_t)n * DY_PIXELS(transposed),
                   (all_tiles + chunk - 1) / chunk, partial + WEIGHTS);
        return;
    }
    const int item = get_local_id(0), row_block = GROUP_ID(0, LOCAL), column_block = GROUP_ID(1, 1);
    const int c0 = row_block % BLOCKS_W * BLOCK_W, o0 = column_block * BLOCK_O;
    const int first_tap = row_block / BLOCKS_W * GROUP_TAPS + mma_warp() / PARTS_W * TAPS_WARP;
    const int warp_c = mma_warp() % PARTS_W * (C_TILES * MMA_M);
    const int left_w = WIDE_C - c0 - item % WIDE_ROW * 4, left_o = NARROW_C - o0 - item % NARROW_ROW * 4;
    /* Each channel of dy is summed up by one of the blocks. */
    const bool sums_narrow = dy_c > 0 && !transposed && row_block == 0;
    const bool sums_wide = dy_c > 0 && transposed && PATCHES_COVER && row_block < BLOCKS_W && column_block == 0;
    local float *staged_narrow = pool + A_PARTS * WIDE_FLOATS;
    local const float *own_wide = pool + warp_c + A_ROWS * mma_a_line();
    local const float *own_narrow = staged_narrow + mma_b_share() * NARROW_STRIDE + B_COLUMNS * mma_b_line();
    int taps[TAPS_WARP];
    place pixels[WIDE_LOADS], positions[NARROW_LOADS];
    mma_sums sums[M_TILES][N_TILES];
    float4 next_wide[WIDE_LOADS], next_narrow[NARROW_LOADS], bias = (float4)(0);

    #pragma unroll
    for (int v = 0; v < WIDE_LOADS; v++) pixels[v] = wide_place(item + v * LOCAL, left_w);
    #pragma unroll
    for (int v = 0; v < NARROW_LOADS; v++) positions[v] = narrow_place(item + v * LOCAL, left_o);
    for (int i = item; i < STEPS * 8; i += LOCAL) {
        int share = i / A_ELEMENTS % A_SHARES;
        ((local int *)corners)[i] = patch_of_position(i / 8 * 8 + share + i % A_ELEMENTS * A_SHARES);
    }
    #pragma unroll
    for (int i = 0; i < TAPS_WARP; i++) {
        int tap = min(first_tap + i, ALL_TAPS - 1);
        taps[i] = slot_of(0, tap / KERNEL_W, tap % KERNEL_W) * WIDE_STRIDE;
    }
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        #pragma unroll
        for (int t = 0; t < N_TILES; t++) sums[m][t] = (mma_sums)(0);
    }
    wide += c0 + item % WIDE_ROW * 4;
    narrow += o0 + item % NARROW_ROW * 4;
    read_tile(corner_of(first_tile, end, n), wide, narrow, pixels, positions, left_w, left_o, next_wide, next_narrow);
    for (int tile = first_tile; tile < end; tile++) {
        if (sums_narrow) bias += sum_of_narrow(next_narrow);
        if (sums_wide) bias += sum_of_wide(corner_of(tile, end, n), pixels, next_wide);
        stage_tile(pool, staged_narrow, next_wide, next_narrow);
        barrier(CLK_LOCAL_MEM_FENCE);
        read_tile(corner_of(tile + 1, end, n), wide, narrow, pixels, positions, left_w, left_o, next_wide, next_narrow);
        #pragma unroll 1
        for (int step = 0; step < STEPS; step++)
            add_step(sums, own_wide, own_narrow + step * (8 * NARROW_STRIDE), corners[step * A_SHARES + mma_a_share()], taps,
                     exchange);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    #pragma unroll
    for (int m = 0; m < M_TILES; m++) {
        const int tap = first_tap + m / C_TILES;
        if (tap >= ALL_TAPS) continue;
        #pragma unroll
        for (int t = 0; t < N_TILES; t++)
            store_tile(partial + (size_t)tap * (WIDE_C * NARROW_C), c0 + warp_c + m % C_TILES * MMA_M, o0 + t * MMA_N, sums[m][t]);
    }
    ((local float4 *)pool)[item] = bias;
    /* Where the other branch has barriers, pocl 3.1 takes the first item's last condition for that of all. */
    barrier(CLK_LOCAL_MEM_FENCE);
    if (sums_narrow || sums_wide)
        put_bias_sums((local const float4 *)pool, sums_wide ? WIDE_ROW : NARROW_ROW, sums_wide ? c0 : o0, dy_c,
                      partial + WEIGHTS);
}
