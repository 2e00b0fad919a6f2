/* Gather and spread (src/ops/conv.h) with stride 1 or 2 by Winograd's algorithm (tools/winograd-transforms), for devices whose
 * work-items are threads with vector units. Tiles of STEP x STEP outputs are made from SIZE x SIZE inputs: transformed,
 * multiplied by the transformed weights, a matrix product over the channels for each of the SIZE x SIZE elements, and
 * transformed back. A group of tiles stays in the cache from beginning to end.
 *
 * With stride 2 wide has four phases (src/ops/winograd.h). Gather takes them as so many channels more; spread makes each of
 * them from tiles of its own, a part of the products. The channels of tiles are those of all phases.
 *
 * Macros: TAPS (of a phase, on an axis), SIZE, LANES (divides the channels), VECTORS (divides output channels / LANES), POSITIONS,
 * CHUNK (divides input channels). The rest are arguments, so that layers share programs: the geometry, spread, transposed (weights
 * are [kh][kw][out][in]), bias and mask, which may be NULL, relu, and how tiles are grouped. */
#include "conv_geometry.cl"
#include "winograd_phase.cl"
#include "winograd.cl"
#include "winograd_tile.cl"

#define BLOCK (VECTORS * LANES)

/* Tiles of images image_first .. image_end - 1 and rows of tiles row_first .. row_end - 1. */
typedef struct group {
    int image_first, image_end, row_first, row_end, tiles;
} group;

/* What all groups share: phases, the parts of the products, input channels of a part, tiles of an image, and floats between
 * the elements of transformed tiles and of their products. Inputs are [SIZE x SIZE][chunk of CHUNK channels][tile][channel of
 * the chunk], so that tiles are a constant apart; products [SIZE x SIZE][tile][channel]. */
typedef struct tiling {
    conv_geometry g;
    conv_sides s;
    int spread, phases, parts, part_c, tiles_y, tiles_x, in_stride, out_stride;
} tiling;

static tiling tiling_of(conv_geometry g, int spread, int in_stride, int out_stride) {
    const int phases = g.stride_h * g.stride_w, part = STEP * (spread ? g.stride_h : 1);
    const conv_sides s = sides_of(g, spread);
    return (tiling){g, s, spread, phases, spread ? phases : 1, spread ? s.in_c : phases * s.in_c,
                    (s.out_h + part - 1) / part, (s.out_w + part - 1) / part, in_stride, out_stride};
}

/* The workspace: weights [SIZE x SIZE][part][block][input channel of the part][BLOCK], the bias, and the tiles of each
 * work-item. */
static int bias_place(tiling t) {
    return ELEMENTS * t.phases * t.s.in_c * t.s.out_c;
}

/* A row of the weights of a phase: of an input channel or, transposed, of an output channel. */
NOT_INLINE void pack_row(tiling t, int number, int row, int transposed, global const float *weight, global float *packed) {
    const int tap = t.s.in_c * t.s.out_c, columns = transposed ? t.s.in_c : t.s.out_c, i_step = transposed ? BLOCK : 1;
    const tap_square taps = taps_of(t.g, number, t.spread);
    weight += taps.first * tap + row * columns;
    packed += t.spread ? number * tap : number * t.s.in_c * BLOCK;
    #pragma unroll 1
    for (int column = 0; column < columns; column += LANES) {
        int in = transposed ? column : row, out = transposed ? row : column;
        global float *to = packed + (out / BLOCK * t.part_c + in) * BLOCK + out % BLOCK;
        lanes columns_of_tile[MAX_SIZE][MAX_COLUMNS];
        transform_columns(WEIGHT, TAPS, SIZE, TAPS, weight + column, taps.step * tap * t.g.kernel_w, taps.step * tap,
                          taps.ys, taps.xs, columns_of_tile);
        #pragma unroll 1
        for (int y = 0; y < SIZE; y++) {
            lanes result[MAX_SIZE];
            line(WEIGHT, TAPS, SIZE, columns_of_tile[y], result);
            #pragma unroll 1
            for (int x = 0; x < SIZE; x++, to += t.phases * tap) {
                float one[LANES];
                VSTORE(LANES)(result[x], 0, one);
                #pragma unroll 1
                for (int i = 0; i < LANES; i++) to[i * i_step] = one[i];
            }
        }
    }
}

/* A work-item for each row of the weights, and one for the bias. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global const float *bias, ulong bias_offset,
               global float *packed, ulong packed_offset, conv_geometry g, int spread, int transposed) {
    const tiling t = tiling_of(g, spread, 0, 0);
    const int row = get_global_id(0);
    packed += packed_offset;
    if (row == (transposed ? t.s.out_c : t.s.in_c)) {
        #pragma unroll 1
        for (int o = 0; o < t.s.out_c; o++) packed[bias_place(t) + o] = bias ? bias[bias_offset + o] : 0;
        return;
    }
    #pragma unroll 1
    for (int number = 0; number < t.phases; number++)
        pack_row(t, number, row, transposed, weight + weight_offset, packed);
}

static void transform_inputs(group g, tiling t, global const float *in, global float *to) {
    const size_t in_image = (size_t)t.s.in_h * t.s.in_w * t.s.in_c;
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < t.tiles_x; tx += STRIP_TILES) {
        const int tiles = min(t.tiles_x - tx, STRIP_TILES);
        transform_tiles(t.g, t.s, t.spread, ty * STEP, tx * STEP, tiles, in + image * in_image, CHUNK, g.tiles * CHUNK,
                        CHUNK, t.in_stride, to);
        to += tiles * CHUNK;
    }
}

/* out[i][BLOCK] = sum_c in[i][c] weight[c][BLOCK] for `count` tiles, a constant. */
ALWAYS_INLINE void product(const int count, int chunks, int chunk_step, global const float *in,
                           global const float *weight, int out_step, global float *out) {
    lanes sums[POSITIONS][VECTORS];
    #pragma unroll
    for (int i = 0; i < count; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) sums[i][v] = (lanes)(0);
    }
    #pragma unroll 1
    for (int chunk = 0; chunk < chunks; chunk++, in += chunk_step, weight += CHUNK * BLOCK) {
        #pragma unroll 1
        for (int c = 0; c < CHUNK; c++) {
            lanes w[VECTORS];
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) w[v] = VLOAD(LANES)(0, weight + c * BLOCK + v * LANES);
            #pragma unroll
            for (int i = 0; i < count; i++) {
                #pragma unroll
                for (int v = 0; v < VECTORS; v++) sums[i][v] = fma((lanes)(in[i * CHUNK + c]), w[v], sums[i][v]);
            }
        }
    }
    #pragma unroll
    for (int i = 0; i < count; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) VSTORE(LANES)(sums[i][v], 0, out + i * out_step + v * LANES);
    }
}

NOT_INLINE void product_of_all(int chunks, int chunk_step, global const float *in, global const float *weight, int out_step,
                               global float *out) {
    product(POSITIONS, chunks, chunk_step, in, weight, out_step, out);
}

/* The last tiles are made twice where POSITIONS does not divide them. */
static void multiply(int tiles, tiling t, global const float *in, global const float *weights, global float *out) {
    const int out_c = t.s.out_c, out_step = t.parts * out_c, chunk_step = tiles * CHUNK, chunks = t.part_c / CHUNK;
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, in += t.in_stride, out += t.out_stride)
    #pragma unroll 1
    for (int part = 0; part < t.parts; part++) {
        global const float *part_in = in + part * t.part_c * tiles;
        global float *part_out = out + part * out_c;
        #pragma unroll 1
        for (int o = 0; o < out_c; o += BLOCK, part_out += BLOCK, weights += t.part_c * BLOCK) {
            if (tiles < POSITIONS) {
                #pragma unroll 1
                for (int i = 0; i < tiles; i++)
                    product(1, chunks, chunk_step, part_in + i * CHUNK, weights, 0, part_out + i * out_step);
                continue;
            }
            #pragma unroll 1
            for (int i = 0; i < tiles; i += POSITIONS) {
                int first = min(i, tiles - POSITIONS);
                product_of_all(chunks, chunk_step, part_in + first * CHUNK, weights, out_step, part_out + first * out_step);
            }
        }
    }
}

static void finish(group g, tiling t, global const float *sums, epilogue e, global float *out) {
    const size_t out_image = (size_t)t.s.out_h * t.s.out_w * t.s.out_c;
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < t.tiles_x; tx++)
    #pragma unroll 1
    for (int number = 0; number < t.parts; number++) {
        const axis y_axis = output_axis(phase_y(t.g, number), t.spread, t.s.out_h, t.g.stride_h);
        const axis x_axis = output_axis(phase_x(t.g, number), t.spread, t.s.out_w, t.g.stride_w);
        const int y = ty * STEP, x = tx * STEP;
        const size_t at = image * out_image + place_of(y_axis, x_axis, y, x, t.s.out_w) * t.s.out_c;
        #pragma unroll 1
        for (int c = 0; c < t.s.out_c; c += LANES, sums += LANES) {
            const epilogue here = {e.bias + c, e.mask ? e.mask + at + c : e.mask, e.floor};
            finish_tile(t.out_stride, sums, min(y_axis.count - y, STEP), min(x_axis.count - x, STEP),
                        y_axis.step * t.s.out_w * t.s.out_c, x_axis.step * t.s.out_c, here, out + at + c);
        }
    }
}

/* A group from beginning to end, by way of `tiles`, the memory of a work-item. */
NOT_INLINE void convolve(group g, tiling t, global const float *in, global const float *weights, global float *tiles,
                         epilogue e, global float *out) {
    global float *sums = tiles + ELEMENTS * t.in_stride;
    transform_inputs(g, t, in, tiles);
    multiply(g.tiles, t, tiles, weights, sums);
    finish(g, t, sums, e, out);
}

/* `items` work-items take the groups in turn, of `images` images and `rows` rows of tiles. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global float *packed, ulong packed_offset,
              global const float *mask, ulong mask_offset, global float *out, ulong out_offset, conv_geometry g,
              int spread, int relu, int images, int rows, int in_stride, int out_stride, int items) {
    const tiling t = tiling_of(g, spread, in_stride, out_stride);
    const int groups_y = (t.tiles_y + rows - 1) / rows, groups = (g.n + images - 1) / images * groups_y;
    packed += packed_offset;
    global float *tiles = packed + bias_place(t) + t.s.out_c + get_global_id(0) * (ELEMENTS * (in_stride + out_stride));
    const epilogue e = {packed + bias_place(t), mask ? mask + mask_offset : mask, relu ? 0 : -INFINITY};
    #pragma unroll 1
    for (int i = get_global_id(0); i < groups; i += items) {
        group part = {i / groups_y * images, 0, i % groups_y * rows, 0, 0};
        part.image_end = min(part.image_first + images, g.n);
        part.row_end = min(part.row_first + rows, t.tiles_y);
        part.tiles = (part.image_end - part.image_first) * (part.row_end - part.row_first) * t.tiles_x;
        convolve(part, t, in + in_offset, packed, tiles, e, out + out_offset);
    }
}
