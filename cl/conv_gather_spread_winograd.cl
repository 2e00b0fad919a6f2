/* Gather and spread (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose
 * work-items are threads with vector units. Tiles of STEP x STEP outputs are made from SIZE x SIZE inputs: transformed,
 * multiplied by the transformed weights, a matrix product over the channels for each of the SIZE x SIZE elements, and
 * transformed back. A group of tiles stays in the cache from beginning to end.
 *
 * Macros: KERNEL (rows and columns), SIZE, IN_C, OUT_C, LANES (divides both), VECTORS (divides OUT_C / LANES), POSITIONS.
 * The rest are arguments, so that layers share programs: the geometry, spread, transposed (weights are [kh][kw][out][in]),
 * bias and mask, which may be NULL, relu, and how tiles are grouped. */
#include "conv_geometry.cl"
#include "winograd.cl"

#define STEP (SIZE - KERNEL + 1)
#define ELEMENTS (SIZE * SIZE)
#define TAP (IN_C * OUT_C)
#define BLOCK (VECTORS * LANES)
/* The workspace: weights [SIZE x SIZE][block][in][BLOCK], the bias, and for each work-item its tiles. */
#define BIAS_AT (ELEMENTS * TAP)
#define SCRATCH_AT (BIAS_AT + OUT_C)

/* Tiles of images image_first .. image_end - 1 and rows of tiles row_first .. row_end - 1. */
typedef struct group {
    int image_first, image_end, row_first, row_end;
} group;

/* What all groups share: tiles of an image, where the input of the first one begins, and floats between the elements of
 * transformed tiles and of their products. */
typedef struct tiling {
    conv_sides s;
    int tiles_y, tiles_x, y, x, in_stride, out_stride;
} tiling;

/* A row of the weights of all taps: of an input channel or, transposed, of an output channel; and one for the bias. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global const float *bias, ulong bias_offset,
               global float *packed, ulong packed_offset, int spread, int transposed) {
    int row = get_global_id(0);
    packed += packed_offset;
    weight += weight_offset;
    if (row == (transposed ? OUT_C : IN_C)) {
        #pragma unroll 1
        for (int o = 0; o < OUT_C; o++) packed[BIAS_AT + o] = bias ? bias[bias_offset + o] : 0;
        return;
    }
    const int columns = transposed ? IN_C : OUT_C, direction = spread ? -1 : 1, i_step = transposed ? BLOCK : 1;
    const int2 all = (int2)(0, KERNEL);
    weight += row * columns + (spread ? TAP * (KERNEL * KERNEL - 1) : 0);
    #pragma unroll 1
    for (int column = 0; column < columns; column += LANES) {
        int in = transposed ? column : row, out = transposed ? row : column;
        global float *to = packed + (out / BLOCK * IN_C + in) * BLOCK + out % BLOCK;
        lanes columns_of_tile[MAX_SIZE][MAX_SIZE];
        transform_columns(WEIGHT, KERNEL, SIZE, weight + column, direction * TAP * KERNEL, direction * TAP, all, all,
                          columns_of_tile);
        #pragma unroll 1
        for (int y = 0; y < SIZE; y++) {
            lanes result[MAX_SIZE];
            line(WEIGHT, KERNEL, SIZE, columns_of_tile[y], result);
            #pragma unroll 1
            for (int x = 0; x < SIZE; x++, to += TAP) {
                float one[LANES];
                VSTORE(LANES)(result[x], 0, one);
                #pragma unroll 1
                for (int i = 0; i < LANES; i++) to[i * i_step] = one[i];
            }
        }
    }
}

static void transform_inputs(group g, tiling t, global const float *in, global float *to) {
    const size_t in_image = (size_t)t.s.in_h * t.s.in_w * IN_C;
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < t.tiles_x; tx++, to += IN_C) {
        int y = ty * STEP + t.y, x = tx * STEP + t.x;
        global const float *from = in + image * in_image + (y * t.s.in_w + x) * IN_C;
        #pragma unroll 1
        for (int c = 0; c < IN_C; c += LANES)
            transform(DATA, SIZE, SIZE, from + c, t.s.in_w * IN_C, IN_C, inside(y, SIZE, t.s.in_h),
                      inside(x, SIZE, t.s.in_w), to + c, t.in_stride);
    }
}

/* out[i][BLOCK] = sum_c in[i][c] weight[c][BLOCK] for `count` tiles, a constant. */
ALWAYS_INLINE void product(const int count, global const float *in, global const float *weight, global float *out) {
    lanes sums[POSITIONS][VECTORS];
    #pragma unroll
    for (int i = 0; i < count; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) sums[i][v] = (lanes)(0);
    }
    #pragma unroll 1
    for (int c = 0; c < IN_C; c++) {
        lanes w[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) w[v] = VLOAD(LANES)(0, weight + c * BLOCK + v * LANES);
        #pragma unroll
        for (int i = 0; i < count; i++) {
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) sums[i][v] = fma((lanes)(in[i * IN_C + c]), w[v], sums[i][v]);
        }
    }
    #pragma unroll
    for (int i = 0; i < count; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) VSTORE(LANES)(sums[i][v], 0, out + i * OUT_C + v * LANES);
    }
}

/* The last tiles are made twice where POSITIONS does not divide them. */
static void multiply(int tiles, tiling t, global const float *in, global const float *weights, global float *out) {
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, in += t.in_stride, out += t.out_stride) {
        #pragma unroll 1
        for (int o = 0; o < OUT_C; o += BLOCK, weights += IN_C * BLOCK) {
            if (tiles < POSITIONS) {
                #pragma unroll 1
                for (int i = 0; i < tiles; i++) product(1, in + i * IN_C, weights, out + i * OUT_C + o);
                continue;
            }
            #pragma unroll 1
            for (int i = 0; i < tiles; i += POSITIONS) {
                int first = min(i, tiles - POSITIONS);
                product(POSITIONS, in + first * IN_C, weights, out + first * OUT_C + o);
            }
        }
    }
}

/* What becomes of the sums: not less than `floor`, and 0 where the mask, NULL for none, is. */
typedef struct epilogue {
    global const float *bias, *mask;
    float floor;
} epilogue;

static void finish_tile(tiling t, global const float *sums, int ys, int xs, epilogue e, global float *out) {
    lanes columns[MAX_SIZE][MAX_SIZE], results[MAX_SIZE];
    lanes bias = VLOAD(LANES)(0, e.bias);
    transform_columns(SUM, SIZE, STEP, sums, SIZE * t.out_stride, t.out_stride, (int2)(0, SIZE), (int2)(0, SIZE), columns);
    #pragma unroll 1
    for (int y = 0; y < ys; y++, out += t.s.out_w * OUT_C) {
        line(SUM, SIZE, STEP, columns[y], results);
        #pragma unroll 1
        for (int x = 0; x < xs; x++) {
            lanes value = results[x] + bias;
            value = value < e.floor ? (lanes)(e.floor) : value;
            if (e.mask) value = VLOAD(LANES)(0, e.mask + (y * t.s.out_w + x) * OUT_C) <= 0 ? (lanes)(0) : value;
            VSTORE(LANES)(value, 0, out + x * OUT_C);
        }
    }
}

static void finish(group g, tiling t, global const float *sums, epilogue e, global float *out) {
    const size_t out_image = (size_t)t.s.out_h * t.s.out_w * OUT_C;
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < t.tiles_x; tx++, sums += OUT_C) {
        size_t at = image * out_image + (ty * STEP * t.s.out_w + tx * STEP) * OUT_C;
        #pragma unroll 1
        for (int c = 0; c < OUT_C; c += LANES) {
            const epilogue here = {e.bias + c, e.mask ? e.mask + at + c : e.mask, e.floor};
            finish_tile(t, sums + c, min(t.s.out_h - ty * STEP, STEP), min(t.s.out_w - tx * STEP, STEP), here,
                        out + at + c);
        }
    }
}

/* A group from beginning to end, by way of `tiles`, the memory of a work-item. */
NOT_INLINE void convolve(group g, tiling t, global const float *in, global const float *weights, global float *tiles,
                         epilogue e, global float *out) {
    global float *sums = tiles + ELEMENTS * t.in_stride;
    transform_inputs(g, t, in, tiles);
    multiply((g.image_end - g.image_first) * (g.row_end - g.row_first) * t.tiles_x, t, tiles, weights, sums);
    finish(g, t, sums, e, out);
}

/* `items` work-items take the groups in turn, of `images` images and `rows` rows of tiles. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global float *packed, ulong packed_offset,
              global const float *mask, ulong mask_offset, global float *out, ulong out_offset, conv_geometry g,
              int spread, int relu, int images, int rows, int in_stride, int out_stride, int items) {
    tiling t = {sides_of(g, spread), 0, 0, -g.pad_h, -g.pad_w, in_stride, out_stride};
    t.tiles_y = (t.s.out_h + STEP - 1) / STEP;
    t.tiles_x = (t.s.out_w + STEP - 1) / STEP;
    if (spread) {
        t.y = g.pad_h - KERNEL + 1;
        t.x = g.pad_w - KERNEL + 1;
    }
    const int groups_y = (t.tiles_y + rows - 1) / rows, groups = (g.n + images - 1) / images * groups_y;
    packed += packed_offset;
    global float *tiles = packed + SCRATCH_AT + get_global_id(0) * (ELEMENTS * (in_stride + out_stride));
    const epilogue e = {packed + BIAS_AT, mask ? mask + mask_offset : mask, relu ? 0 : -INFINITY};
    #pragma unroll 1
    for (int i = get_global_id(0); i < groups; i += items) {
        group part = {i / groups_y * images, 0, i % groups_y * rows, 0};
        part.image_end = min(part.image_first + images, g.n);
        part.row_end = min(part.row_first + rows, t.tiles_y);
        convolve(part, t, in + in_offset, packed, tiles, e, out + out_offset);
    }
}
