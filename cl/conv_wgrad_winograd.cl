/* Wgrad (src/ops/conv.h) with stride 1 by Winograd's algorithm (tools/winograd-transforms), for devices whose work-items
 * are threads with vector units. Tiles of SIZE x SIZE of wide and of STEP x STEP of narrow are transformed; their products,
 * summed up over all tiles, are transformed back to the weights. The way back cancels much: sums of a group of tiles start
 * at 0, in registers, so that few roundings are those of large sums.
 *
 * Macros: KERNEL (rows and columns), SIZE, WIDE_C, NARROW_C, LANES (divides both), VECTORS (divides NARROW_C / LANES), TILE
 * (wide channels of a register tile). The rest are arguments, so that layers share programs: the geometry, transposed (dy is
 * wide, dweight is [kh][kw][narrow][wide]), dy_c, the elements of dbias, 0 for none, and how tiles are grouped. */
#include "conv_geometry.cl"
#include "winograd.cl"
#include "winograd_support.cl"

#define STEP (SIZE - KERNEL + 1)
#define ELEMENTS (SIZE * SIZE)
#define TAP (WIDE_C * NARROW_C)

/* Of groups of tiles: images and rows of tiles, and floats between the elements of transformed tiles. */
typedef struct tiling {
    int images, rows, wide_stride, narrow_stride;
} tiling;

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

static void multiply(int tiles, tiling t, global const float *wide, global const float *narrow, global float *sums) {
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, wide += t.wide_stride, narrow += t.narrow_stride, sums += TAP) {
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

static void transform_tile(conv_geometry g, tiling t, int ty, int tx, global const float *wide,
                           global const float *narrow, global float *wide_to, global float *narrow_to) {
    int y = ty * STEP, x = tx * STEP;
    int2 ys = inside(y - g.pad_h, SIZE, g.wide_h), xs = inside(x - g.pad_w, SIZE, g.wide_w);
    wide += ((y - g.pad_h) * g.wide_w + x - g.pad_w) * WIDE_C;
    narrow += (y * g.narrow_w + x) * NARROW_C;
    #pragma unroll 1
    for (int c = 0; c < WIDE_C; c += LANES)
        transform(DATA, SIZE, SIZE, wide + c, g.wide_w * WIDE_C, WIDE_C, ys, xs, wide_to + c, t.wide_stride);
    ys = inside(y, STEP, g.narrow_h);
    xs = inside(x, STEP, g.narrow_w);
    #pragma unroll 1
    for (int c = 0; c < NARROW_C; c += LANES)
        transform(WEIGHT, STEP, SIZE, narrow + c, g.narrow_w * NARROW_C, NARROW_C, ys, xs, narrow_to + c,
                  t.narrow_stride);
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

/* Marks the positions of the rows first .. end - 1 of all images that are not 0. */
NOT_INLINE void add_support(global const float *p, int h, int w, int channels, int pad_w, int words, size_t first,
                            size_t end, global int *bits) {
    #pragma unroll 1
    for (size_t row = first; row < end; row++)
    #pragma unroll 1
    for (int word = 0; word < words; word++) {
        const int2 xs = inside(word * 32 - pad_w, 32, w);
        global const float *from = p + ((long)row * w + word * 32 - pad_w) * channels;
        global int *to = bits + ((int)(row % h) * words + word) * channels;
        #pragma unroll 1
        for (int c = 0; c < channels; c += LANES) {
            lane_bits found = VLOAD(LANES)(0, to + c);
            #pragma unroll 4
            for (int x = xs.x; x < xs.y; x++)
                found |= VLOAD(LANES)(0, from + x * channels + c) != 0 ? (lane_bits)(1 << x) : (lane_bits)(0);
            VSTORE(LANES)(found, 0, to + c);
        }
    }
}

NOT_INLINE void sum_images(conv_geometry g, tiling t, int first, int end, global const float *wide,
                       global const float *narrow, global float *sums, global float *wide_tiles, int transposed,
                       int dy_c) {
    const int tiles_y = (g.narrow_h + STEP - 1) / STEP, tiles_x = (g.narrow_w + STEP - 1) / STEP;
    const size_t wide_pixels = g.wide_h * g.wide_w, narrow_pixels = g.narrow_h * g.narrow_w;
    const size_t dy_pixels = transposed ? wide_pixels : narrow_pixels;
    global float *narrow_tiles = wide_tiles + ELEMENTS * t.wide_stride;
    const int words = support_words(g.narrow_w), wide_bits = support_of_wide(g.wide_h, words);
    global int *bits = (global int *)(sums + ELEMENTS * TAP + dy_c);
    for (int i = 0; i < ELEMENTS * TAP + dy_c; i++) sums[i] = 0;
    for (int i = 0; i < wide_bits + g.narrow_h * words * NARROW_C; i++) bits[i] = 0;
    #pragma unroll 1
    for (int image = first; image < end; image += t.images) {
        const int image_end = min(image + t.images, end);
        #pragma unroll 1
        for (int row = 0; row < tiles_y; row += t.rows) {
            int tile = 0;
            #pragma unroll 1
            for (size_t i = image; i < image_end; i++)
            #pragma unroll 1
            for (int ty = row; ty < min(row + t.rows, tiles_y); ty++)
            #pragma unroll 1
            for (int tx = 0; tx < tiles_x; tx++, tile++)
                transform_tile(g, t, ty, tx, wide + i * wide_pixels * WIDE_C, narrow + i * narrow_pixels * NARROW_C,
                               wide_tiles + tile * WIDE_C, narrow_tiles + tile * NARROW_C);
            multiply(tile, t, wide_tiles, narrow_tiles, sums);
        }
        add_support(wide, g.wide_h, g.wide_w, WIDE_C, g.pad_w, words + 1, (size_t)image * g.wide_h,
                    (size_t)image_end * g.wide_h, bits);
        add_support(narrow, g.narrow_h, g.narrow_w, NARROW_C, 0, words, (size_t)image * g.narrow_h,
                    (size_t)image_end * g.narrow_h, bits + wide_bits);
        if (dy_c)
            add_bias(transposed ? wide : narrow, dy_c, image * dy_pixels, image_end * dy_pixels, sums + ELEMENTS * TAP);
    }
}

/* `items` work-items take the chunks of `chunk` images in turn. The workspace: for each chunk a slice of
 * sums[SIZE x SIZE][wide][narrow], dbias and support; then the tiles of each work-item. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_partial(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                         global float *partial, ulong partial_offset, conv_geometry g, int chunk, int transposed,
                         int dy_c, ulong slice, int images, int rows, int wide_stride, int narrow_stride,
                         int items) {
    const tiling t = {images, rows, wide_stride, narrow_stride};
    const int chunks = (g.n + chunk - 1) / chunk;
    partial += partial_offset;
    global float *tiles = partial + chunks * slice + get_global_id(0) * (ELEMENTS * (wide_stride + narrow_stride));
    #pragma unroll 1
    for (int i = get_global_id(0); i < chunks; i += items)
        sum_images(g, t, i * chunk, min((i + 1) * chunk, g.n), wide + wide_offset, narrow + narrow_offset,
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
void conv_wgrad_reduce(global float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, conv_geometry g, int chunks, int transposed, int dy_c,
                        ulong slice) {
    const int c = get_global_id(0), o_step = transposed ? WIDE_C : 1;
    const int2 whole = (int2)(0, SIZE);
    const support s = {g.wide_h, g.narrow_h, support_words(g.narrow_w), g.pad_h, chunks, slice};
    partial += partial_offset;
    global const int *bits = (global const int *)(partial + ELEMENTS * TAP + dy_c);
    dweight += dweight_offset;
    if (c == WIDE_C) {
        #pragma unroll 1
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
        lanes columns[MAX_SIZE][MAX_SIZE], result[MAX_SIZE];
        global float *to = dweight + (transposed ? o * WIDE_C + c : c * NARROW_C + o);
        transform_columns(SUM, SIZE, KERNEL, first, SIZE * TAP, TAP, whole, whole, columns);
        #pragma unroll 1
        for (int y = 0; y < KERNEL; y++) {
            line(SUM, SIZE, KERNEL, columns[y], result);
            zero_unmet(KERNEL, s, bits, c, o, y, result);
            #pragma unroll 1
            for (int x = 0; x < KERNEL; x++, to += TAP) {
                float one[LANES];
                VSTORE(LANES)(result[x], 0, one);
                #pragma unroll 1
                for (int i = 0; i < LANES; i++) to[i * o_step] = one[i];
            }
        }
    }
}
