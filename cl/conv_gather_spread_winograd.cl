/* Gather and spread (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose
 * work-items are threads with vector units. Tiles of STEP x STEP outputs are made from SIZE x SIZE inputs: transformed,
 * multiplied by the transformed weights, a matrix product over the channels for each of the SIZE x SIZE elements, and
 * transformed back. A group of tiles stays in the cache from beginning to end.
 *
 * Macros: those of conv_options, SIZE, LANES (divides IN_C and OUT_C), VECTORS (divides OUT_C / LANES), POSITIONS,
 * GROUP_IMAGES and GROUP_ROWS (of tiles), IN_STRIDE and OUT_STRIDE (floats between the elements of tiles). What forward
 * and backward differ in are arguments, so that they share programs: transposed (weights are [kh][kw][out][in]), bias and
 * mask, which may be NULL, and relu. */
#include "winograd.cl"

#define STEP (SIZE - KERNEL_H + 1)
#define TILES_Y ((OUT_H + STEP - 1) / STEP)
#define TILES_X ((OUT_W + STEP - 1) / STEP)
#define ELEMENTS (SIZE * SIZE)
#define TAP (IN_C * OUT_C)
#define BLOCK (VECTORS * LANES)
#define BASE_Y (SPREAD ? PAD_H - KERNEL_H + 1 : -PAD_H)
#define BASE_X (SPREAD ? PAD_W - KERNEL_W + 1 : -PAD_W)
#define IN_IMAGE ((size_t)IN_H * IN_W * IN_C)
#define OUT_IMAGE ((size_t)OUT_H * OUT_W * OUT_C)
/* The workspace: weights [SIZE x SIZE][block][in][BLOCK], the bias, and for each work-item its tiles. */
#define BIAS_AT (ELEMENTS * TAP)
#define SCRATCH_AT (BIAS_AT + OUT_C)
#define SCRATCH (ELEMENTS * (IN_STRIDE + OUT_STRIDE))

typedef struct group {
    int image_first, image_end, row_first, row_end;
} group;

/* A row of the weights of all taps: of an input channel or, transposed, of an output channel; and one for the bias. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_pack(global const float *weight, ulong weight_offset, global const float *bias, ulong bias_offset,
               global float *packed, ulong packed_offset, int transposed) {
    int row = get_global_id(0);
    packed += packed_offset;
    weight += weight_offset;
    if (row == (transposed ? OUT_C : IN_C)) {
        for (int o = 0; o < OUT_C; o++) packed[BIAS_AT + o] = bias ? bias[bias_offset + o] : 0;
        return;
    }
    const int columns = transposed ? IN_C : OUT_C, direction = SPREAD ? -1 : 1;
    const int2 all = (int2)(0, KERNEL_H);
    weight += row * columns + (SPREAD ? TAP * (KERNEL_H * KERNEL_W - 1) : 0);
    #pragma unroll 1
    for (int column = 0; column < columns; column += LANES) {
        int in = transposed ? column : row, out = transposed ? row : column;
        global float *to = packed + (out / BLOCK * IN_C + in) * BLOCK + out % BLOCK;
        if (!transposed) {
            transform(WEIGHT, KERNEL_H, SIZE, weight + column, direction * TAP * KERNEL_W, direction * TAP, all, all, to,
                      TAP);
            continue;
        }
        lanes columns_of_tile[MAX_SIZE][MAX_SIZE];
        transform_columns(WEIGHT, KERNEL_H, SIZE, weight + column, direction * TAP * KERNEL_W, direction * TAP, all, all,
                          columns_of_tile);
        #pragma unroll 1
        for (int y = 0; y < SIZE; y++) {
            lanes result[MAX_SIZE];
            float one[LANES];
            line(WEIGHT, KERNEL_H, SIZE, columns_of_tile[y], result);
            #pragma unroll
            for (int x = 0; x < SIZE; x++) {
                VSTORE(LANES)(result[x], 0, one);
                for (int i = 0; i < LANES; i++) to[(y * SIZE + x) * TAP + i * BLOCK] = one[i];
            }
        }
    }
}

static void transform_inputs(group g, global const float *in, global float *to) {
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < TILES_X; tx++, to += IN_C) {
        int y = ty * STEP + BASE_Y, x = tx * STEP + BASE_X;
        global const float *from = in + image * IN_IMAGE + (y * IN_W + x) * IN_C;
        #pragma unroll 1
        for (int c = 0; c < IN_C; c += LANES)
            transform(DATA, SIZE, SIZE, from + c, IN_W * IN_C, IN_C, inside(y, SIZE, IN_H), inside(x, SIZE, IN_W),
                      to + c, IN_STRIDE);
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
static void multiply(int tiles, global const float *in, global const float *weights, global float *out) {
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, in += IN_STRIDE, out += OUT_STRIDE) {
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

static void finish_tile(global const float *sums, int ys, int xs, global const float *bias, global const float *mask,
                        int relu, global float *out) {
    lanes columns[MAX_SIZE][MAX_SIZE], results[MAX_SIZE];
    lanes b = VLOAD(LANES)(0, bias);
    transform_columns(SUM, SIZE, STEP, sums, SIZE * OUT_STRIDE, OUT_STRIDE, (int2)(0, SIZE), (int2)(0, SIZE), columns);
    #pragma unroll 1
    for (int y = 0; y < ys; y++, out += OUT_W * OUT_C) {
        line(SUM, SIZE, STEP, columns[y], results);
        #pragma unroll
        for (int x = 0; x < STEP; x++) {
            if (x >= xs) continue;
            lanes value = results[x] + b;
            if (relu) value = value < 0 ? (lanes)(0) : value;
            if (mask) value = VLOAD(LANES)(0, mask + (y * OUT_W + x) * OUT_C) <= 0 ? (lanes)(0) : value;
            VSTORE(LANES)(value, 0, out + x * OUT_C);
        }
    }
}

static void finish(group g, global const float *sums, global const float *bias, global const float *mask, int relu,
                   global float *out) {
    #pragma unroll 1
    for (int image = g.image_first; image < g.image_end; image++)
    #pragma unroll 1
    for (int ty = g.row_first; ty < g.row_end; ty++)
    #pragma unroll 1
    for (int tx = 0; tx < TILES_X; tx++, sums += OUT_C) {
        size_t at = image * OUT_IMAGE + (ty * STEP * OUT_W + tx * STEP) * OUT_C;
        #pragma unroll 1
        for (int c = 0; c < OUT_C; c += LANES)
            finish_tile(sums + c, min(OUT_H - ty * STEP, STEP), min(OUT_W - tx * STEP, STEP), bias + c,
                        mask ? mask + at + c : mask, relu, out + at + c);
    }
}

/* Work-items take the groups in turn. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_run(global const float *in, ulong in_offset, global float *packed, ulong packed_offset,
              global const float *mask, ulong mask_offset, global float *out, ulong out_offset, int n,
              int relu) {
    const int groups_y = (TILES_Y + GROUP_ROWS - 1) / GROUP_ROWS;
    const int groups = (n + GROUP_IMAGES - 1) / GROUP_IMAGES * groups_y;
    packed += packed_offset;
    global float *tiles = packed + SCRATCH_AT + get_global_id(0) * SCRATCH, *sums = tiles + ELEMENTS * IN_STRIDE;
    #pragma unroll 1
    for (int i = get_global_id(0); i < groups; i += get_num_groups(0)) {
        group g = {i / groups_y * GROUP_IMAGES, 0, i % groups_y * GROUP_ROWS, 0};
        g.image_end = min(g.image_first + GROUP_IMAGES, n);
        g.row_end = min(g.row_first + GROUP_ROWS, TILES_Y);
        transform_inputs(g, in + in_offset, tiles);
        multiply((g.image_end - g.image_first) * (g.row_end - g.row_first) * TILES_X, tiles, packed, sums);
        finish(g, sums, packed + BIAS_AT, mask ? mask + mask_offset : mask, relu, out + out_offset);
    }
}
