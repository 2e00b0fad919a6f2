/* Wgrad (src/ops/conv.h) for devices whose work-items are threads with vector units: one-item work-groups, vectors
 * over narrow's channels, a tile of TILE weights x VECTORS accumulators in registers.
 *
 * The batch is split in chunks, each with sums of its own: conv_wgrad_partial makes partial[chunk][kh][kw][wide][narrow]
 * and then dbias; conv_wgrad_reduce adds the chunks up in order. Without padding the taps and channels of a row of the
 * kernel are one run of wide, and a tile may span taps.
 *
 * Macros: WIDE_H WIDE_W WIDE_C, NARROW_H NARROW_W NARROW_C, KERNEL_H KERNEL_W, STRIDE_H STRIDE_W, PAD_H PAD_W, LANES
 * (divides NARROW_C), VECTORS (divides NARROW_C / LANES), TILE, ROWS and IMAGES (of narrow in a block that the cache
 * holds), KERNEL_ROWS (of the kernel per work-item: 1 or all). What conv2d and conv_transpose2d differ in
 * are arguments, so that they share programs: transposed (dy is wide, dweight is [kh][kw][narrow][wide]) and dy_c, the
 * elements of dbias, 0 for none. */

typedef FLOATS(LANES) lanes;

#define WIDE_IMAGE (WIDE_H * WIDE_W * WIDE_C)
#define NARROW_IMAGE (NARROW_H * NARROW_W * NARROW_C)
#define ONE_RUN (PAD_W == 0)
#define RUN (ONE_RUN ? KERNEL_W * WIDE_C : WIDE_C)
#define ROW_WEIGHTS (KERNEL_W * WIDE_C * NARROW_C)
#define WEIGHTS (KERNEL_H * ROW_WEIGHTS)
#define DY_PIXELS(transposed) (transposed ? WIDE_H * WIDE_W : NARROW_H * NARROW_W)

/* What a block of positions covers, and where their first elements are. */
typedef struct block {
    int images, rows, columns;
    global const float *wide, *narrow;
} block;

/* Positions i of narrow for which tap k is inside wide: first .. end - 1. */
static int2 positions_inside(int tap, int wide, int narrow, int stride, int pad) {
    int first = tap < pad ? (pad - tap + stride - 1) / stride : 0;
    int end = tap - pad < wide ? (wide - 1 + pad - tap) / stride + 1 : 0;
    return (int2)(first, min(end, narrow));
}

/* Sums of TILE weights x VECTORS vectors over a block, of which those of the first `unadded` weights are for nothing.
 * wide_step, STRIDE_W * WIDE_C, is kept from the compiler: where positions share elements of wide, it would hold them in
 * more registers than there are. */
NOT_INLINE void tile(block b, int wide_step, int unadded, global float *partial) {
    lanes sums[TILE][VECTORS] = {{(lanes)(0)}};
    const int columns = ONE_RUN ? NARROW_W : b.columns;
    #pragma unroll 1
    for (int image = 0; image < b.images; image++)
    #pragma unroll 1
    for (int row = 0; row < b.rows; row++) {
        global const float *wide = b.wide + (size_t)image * WIDE_IMAGE + row * STRIDE_H * WIDE_W * WIDE_C;
        global const float *narrow = b.narrow + (size_t)image * NARROW_IMAGE + row * NARROW_W * NARROW_C;
        #pragma unroll 4 /* compilers leave it rolled, and a tenth of the time goes into the loop */
        for (int column = 0; column < columns; column++) {
            lanes a[VECTORS];
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) a[v] = VLOAD(LANES)(0, narrow + column * NARROW_C + v * LANES);
            #pragma unroll
            for (int t = 0; t < TILE; t++) {
                #pragma unroll
                for (int v = 0; v < VECTORS; v++)
                    sums[t][v] = fma((lanes)(wide[column * wide_step + t]), a[v], sums[t][v]);
            }
        }
    }
    #pragma unroll
    for (int t = 0; t < TILE; t++) {
        if (t < unadded) continue;
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) {
            global float *to = partial + t * NARROW_C + v * LANES;
            VSTORE(LANES)(VLOAD(LANES)(0, to) + sums[t][v], 0, to);
        }
    }
}

/* The last tile ends with the run and begins where another has been. */
static void run(block b, int wide_step, global float *partial) {
    #pragma unroll 1
    for (int o = 0; o < NARROW_C; o += VECTORS * LANES)
        #pragma unroll 1
        for (int i = 0; i < RUN; i += TILE) {
            const int first = min(i, RUN - TILE);
            const block c = {b.images, b.rows, b.columns, b.wide + first, b.narrow + o};
            tile(c, wide_step, i - first, partial + first * NARROW_C + o);
        }
}

/* Adds the pixels first .. end - 1 of dy up. */
NOT_INLINE void partial_bias(global const float *dy, int dy_c, size_t first, size_t end, global float *dbias) {
    int c = 0;
    for (; c + LANES <= dy_c; c += LANES) {
        lanes sum = (lanes)(0);
        for (size_t pixel = first; pixel < end; pixel++) sum += VLOAD(LANES)(0, dy + pixel * dy_c + c);
        VSTORE(LANES)(sum, 0, dbias + c);
    }
    for (; c < dy_c; c++) {
        float sum = 0;
        for (size_t pixel = first; pixel < end; pixel++) sum += dy[pixel * dy_c + c];
        dbias[c] = sum;
    }
}

/* Of images first .. end - 1, rows ky_first .. ky_end - 1 of the kernel. */
NOT_INLINE void sum_images(int first, int end, int ky_first, int ky_end, int wide_step, global const float *wide,
                           global const float *narrow, global float *partial) {
    for (int i = ky_first * ROW_WEIGHTS; i < ky_end * ROW_WEIGHTS; i++) partial[i] = 0;
    #pragma unroll 1
    for (int image = first; image < end; image += IMAGES)
    #pragma unroll 1
    for (int row = 0; row < NARROW_H; row += ROWS)
    #pragma unroll 1
    for (int ky = ky_first; ky < ky_end; ky++)
    #pragma unroll 1
    for (int kx = 0; kx < (ONE_RUN ? 1 : KERNEL_W); kx++) {
        int2 rows = positions_inside(ky, WIDE_H, NARROW_H, STRIDE_H, PAD_H);
        int2 columns = ONE_RUN ? (int2)(0, NARROW_W) : positions_inside(kx, WIDE_W, NARROW_W, STRIDE_W, PAD_W);
        int y = max(row, rows.x);
        block b = {min(IMAGES, end - image), min(row + ROWS, rows.y) - y, columns.y - columns.x, wide, narrow};
        b.wide += (size_t)image * WIDE_IMAGE
                  + ((y * STRIDE_H + ky - PAD_H) * WIDE_W + columns.x * STRIDE_W + kx - PAD_W) * WIDE_C;
        b.narrow += (size_t)image * NARROW_IMAGE + (y * NARROW_W + columns.x) * NARROW_C;
        if (b.rows > 0 && b.columns > 0) run(b, wide_step, partial + ky * ROW_WEIGHTS + kx * WIDE_C * NARROW_C);
    }
}

/* Work-items: chunks of `chunk` images x KERNEL_ROWS rows of the kernel, and with dbias one more. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, int n, int chunk, int transposed, int dy_c,
                         int wide_step) {
    int ky_first = get_global_id(1) * KERNEL_ROWS, ky_end = min(ky_first + KERNEL_ROWS, KERNEL_H);
    int first = get_global_id(0) * chunk, end = min(first + chunk, n);
    wide += wide_offset;
    narrow += narrow_offset;
    partial += partial_offset + get_global_id(0) * (size_t)(WEIGHTS + dy_c);
    if (ky_first < KERNEL_H)
        sum_images(first, end, ky_first, ky_end, wide_step, wide, narrow, partial);
    else
        partial_bias(transposed ? wide : narrow, dy_c, (size_t)first * DY_PIXELS(transposed),
                     (size_t)end * DY_PIXELS(transposed), partial + WEIGHTS);
}

/* A work-item for each tap and channel of wide, and with dbias one more. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_reduce(global const float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, int chunks, int transposed, int dy_c) {
    const size_t slice = WEIGHTS + dy_c;
    int row = get_global_id(0), tap = row / WIDE_C, c = row % WIDE_C;
    partial += partial_offset + (size_t)row * NARROW_C;
    dweight += dweight_offset;
    if (row == KERNEL_H * KERNEL_W * WIDE_C) {
        for (int i = 0; i < dy_c; i++) {
            float sum = 0;
            for (int chunk = 0; chunk < chunks; chunk++) sum += partial[chunk * slice + i];
            dbias[dbias_offset + i] = sum;
        }
        return;
    }
    for (int o = 0; o < NARROW_C; o += LANES) {
        lanes sum = (lanes)(0);
        for (int chunk = 0; chunk < chunks; chunk++) sum += VLOAD(LANES)(0, partial + chunk * slice + o);
        if (transposed) {
            float one[LANES];
            VSTORE(LANES)(sum, 0, one);
            for (int i = 0; i < LANES; i++) dweight[((size_t)tap * NARROW_C + o + i) * WIDE_C + c] = one[i];
        } else {
            VSTORE(LANES)(sum, 0, dweight + (size_t)row * NARROW_C + o);
        }
    }
}
