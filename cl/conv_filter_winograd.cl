/* Filter (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose work-items
 * are threads with vector units. Tiles of SIZE x SIZE of wide and of STEP x STEP of narrow are transformed; their products,
 * summed up over all tiles, are transformed back to the weights. The way back cancels much: sums of a group of tiles start
 * at 0, in registers, so that few roundings are those of large sums.
 *
 * Macros: those of conv_options, SIZE, LANES (divides NARROW_C and WIDE_C), VECTORS (divides NARROW_C / LANES), TILE (wide
 * channels of a register tile), GROUP_IMAGES and GROUP_ROWS (of tiles), WIDE_STRIDE and NARROW_STRIDE (floats between the
 * elements of tiles). What conv2d and conv_transpose2d differ in are arguments, so that they share programs: transposed (dy is
 * wide, dweight is [kh][kw][narrow][wide]) and dy_c, the elements of dbias, 0 for none. */
#include "winograd.cl"

#define STEP (SIZE - KERNEL_H + 1)
#define TILES_Y ((NARROW_H + STEP - 1) / STEP)
#define TILES_X ((NARROW_W + STEP - 1) / STEP)
#define ELEMENTS (SIZE * SIZE)
#define WIDE_IMAGE ((size_t)WIDE_H * WIDE_W * WIDE_C)
#define NARROW_IMAGE ((size_t)NARROW_H * NARROW_W * NARROW_C)
#define TAP (WIDE_C * NARROW_C)
#define DY_PIXELS(transposed) (transposed ? WIDE_H * WIDE_W : NARROW_H * NARROW_W)
/* The workspace: for each chunk of images a slice, sums[SIZE x SIZE][wide][narrow] and dbias; then the tiles of each work-item. */
#define SCRATCH (ELEMENTS * (WIDE_STRIDE + NARROW_STRIDE))

/* sum[i][..] += sum over tiles of wide[tile][i] narrow[tile][..] for `count` channels of wide, a constant. */
ALWAYS_INLINE void product(const int count, int tiles, global const float *wide, global const float *narrow,
                           global float *sum) {
    lanes sums[TILE][VECTORS] = {{(lanes)(0)}};
    #pragma unroll 1
    for (int tile = 0; tile < tiles; tile++, wide += WIDE_C, narrow += NARROW_C) {
        lanes a[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) a[v] = VLOAD(LANES)(0, narrow + v * LANES);
        #pragma unroll
        for (int i = 0; i < count; i++) {
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) sums[i][v] = fma((lanes)(wide[i]), a[v], sums[i][v]);
        }
    }
    #pragma unroll
    for (int i = 0; i < count; i++) {
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) {
            global float *to = sum + i * NARROW_C + v * LANES;
            VSTORE(LANES)(VLOAD(LANES)(0, to) + sums[i][v], 0, to);
        }
    }
}

static void multiply(int tiles, global const float *wide, global const float *narrow, global float *sums) {
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, wide += WIDE_STRIDE, narrow += NARROW_STRIDE, sums += TAP) {
        #pragma unroll 1
        for (int o = 0; o < NARROW_C; o += VECTORS * LANES) {
            int i = 0;
            #pragma unroll 1
            for (; i + TILE <= WIDE_C; i += TILE)
                product(TILE, tiles, wide + i, narrow + o, sums + i * NARROW_C + o);
#if WIDE_C % TILE
            product(WIDE_C % TILE, tiles, wide + i, narrow + o, sums + i * NARROW_C + o);
#endif
        }
    }
}

static void transform_tile(int ty, int tx, global const float *wide, global const float *narrow, global float *wide_to,
                           global float *narrow_to) {
    int y = ty * STEP, x = tx * STEP;
    int2 ys = inside(y - PAD_H, SIZE, WIDE_H), xs = inside(x - PAD_W, SIZE, WIDE_W);
    wide += ((y - PAD_H) * WIDE_W + x - PAD_W) * WIDE_C;
    narrow += (y * NARROW_W + x) * NARROW_C;
    #pragma unroll 1
    for (int c = 0; c < WIDE_C; c += LANES)
        transform(DATA, SIZE, SIZE, wide + c, WIDE_W * WIDE_C, WIDE_C, ys, xs, wide_to + c, WIDE_STRIDE);
    ys = inside(y, STEP, NARROW_H);
    xs = inside(x, STEP, NARROW_W);
    #pragma unroll 1
    for (int c = 0; c < NARROW_C; c += LANES)
        transform(WEIGHT, STEP, SIZE, narrow + c, NARROW_W * NARROW_C, NARROW_C, ys, xs, narrow_to + c, NARROW_STRIDE);
}

/* Adds the pixels first .. end - 1 of dy up. */
static void add_bias(global const float *dy, int dy_c, size_t first, size_t end, global float *dbias) {
    #pragma unroll 1
    for (int c = 0; c < dy_c; c += LANES) {
        lanes sum = (lanes)(0);
        #pragma unroll 4
        for (size_t pixel = first; pixel < end; pixel++) sum += VLOAD(LANES)(0, dy + pixel * dy_c + c);
        VSTORE(LANES)(VLOAD(LANES)(0, dbias + c) + sum, 0, dbias + c);
    }
}

static void sum_images(int first, int end, global const float *wide, global const float *narrow, global float *sums,
                       global float *wide_tiles, int transposed, int dy_c) {
    global float *narrow_tiles = wide_tiles + ELEMENTS * WIDE_STRIDE;
    for (int i = 0; i < ELEMENTS * TAP + dy_c; i++) sums[i] = 0;
    #pragma unroll 1
    for (int image = first; image < end; image += GROUP_IMAGES) {
        int image_end = min(image + GROUP_IMAGES, end);
        #pragma unroll 1
        for (int row = 0; row < TILES_Y; row += GROUP_ROWS) {
            int tile = 0;
            #pragma unroll 1
            for (size_t i = image; i < image_end; i++)
            #pragma unroll 1
            for (int ty = row; ty < min(row + GROUP_ROWS, TILES_Y); ty++)
            #pragma unroll 1
            for (int tx = 0; tx < TILES_X; tx++, tile++)
                transform_tile(ty, tx, wide + i * WIDE_IMAGE, narrow + i * NARROW_IMAGE, wide_tiles + tile * WIDE_C,
                               narrow_tiles + tile * NARROW_C);
            multiply(tile, wide_tiles, narrow_tiles, sums);
        }
        if (dy_c)
            add_bias(transposed ? wide : narrow, dy_c, (size_t)image * DY_PIXELS(transposed),
                     (size_t)image_end * DY_PIXELS(transposed), sums + ELEMENTS * TAP);
    }
}

/* Work-items take the chunks of `chunk` images in turn. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_filter_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c) {
    const size_t slice = ELEMENTS * TAP + dy_c;
    const int chunks = (n + chunk - 1) / chunk;
    partial += partial_offset;
    global float *tiles = partial + chunks * slice + get_global_id(0) * (size_t)SCRATCH;
    #pragma unroll 1
    for (int i = get_global_id(0); i < chunks; i += get_num_groups(0))
        sum_images(i * chunk, min((i + 1) * chunk, n), wide + wide_offset, narrow + narrow_offset,
                   partial + i * slice, tiles, transposed, dy_c);
}

/* The sum of all chunks. */
static lanes add_chunks(global const float *p, size_t slice, int chunks) {
    lanes sum = (lanes)(0);
    #pragma unroll 1
    for (int chunk = 0; chunk < chunks; chunk++) sum += VLOAD(LANES)(0, p + chunk * slice);
    return sum;
}

/* A work-item for each channel of wide, and with dbias one more. Takes the first chunk's place. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_filter_reduce(global float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, int chunks, int transposed, int dy_c) {
    const size_t slice = ELEMENTS * TAP + dy_c;
    int c = get_global_id(0);
    const int2 all = (int2)(0, SIZE);
    partial += partial_offset;
    dweight += dweight_offset;
    if (c == WIDE_C) {
        for (int i = 0; i < dy_c; i += LANES)
            VSTORE(LANES)(add_chunks(partial + ELEMENTS * TAP + i, slice, chunks), 0, dbias + dbias_offset + i);
        return;
    }
    #pragma unroll 1
    for (int o = 0; o < NARROW_C; o += LANES) {
        global float *first = partial + c * NARROW_C + o;
        #pragma unroll 1
        for (int e = 0; e < ELEMENTS; e++) {
            lanes sum = add_chunks(first + e * TAP, slice, chunks);
            VSTORE(LANES)(sum, 0, first + e * TAP);
        }
        if (!transposed) {
            transform(SUM, SIZE, KERNEL_H, first, SIZE * TAP, TAP, all, all, dweight + c * NARROW_C + o, TAP);
            continue;
        }
        lanes columns[MAX_SIZE][MAX_SIZE], result[MAX_SIZE];
        transform_columns(SUM, SIZE, KERNEL_H, first, SIZE * TAP, TAP, all, all, columns);
        #pragma unroll 1
        for (int y = 0; y < KERNEL_H; y++) {
            line(SUM, SIZE, KERNEL_H, columns[y], result);
            #pragma unroll
            for (int x = 0; x < KERNEL_W; x++) {
                float one[LANES];
                VSTORE(LANES)(result[x], 0, one);
                for (int i = 0; i < LANES; i++) dweight[((y * KERNEL_W + x) * NARROW_C + o + i) * WIDE_C + c] = one[i];
            }
        }
    }
}
