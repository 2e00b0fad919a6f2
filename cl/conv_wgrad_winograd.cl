/* Wgrad (src/ops/conv.h) with stride 1 or 2 by Winograd's algorithm (tools/winograd-transforms), for devices whose work-items
 * are threads with vector units. Tiles of SIZE x SIZE of wide and of STEP x STEP of narrow are transformed; their products,
 * summed up over all tiles, are transformed back to the weights. The way back cancels much: sums of a group of tiles start
 * at 0, in registers, so that few roundings are those of large sums. With stride 2 the four phases of wide
 * (src/ops/winograd.h) are so many channels more.
 *
 * Macros: TAPS (of a phase, on an axis), SIZE, LANES (divides the channels), VECTORS (divides narrow's channels / LANES), POSITIONS
 * (wide channels of a register tile, no more than there are). The rest are arguments, so that layers share programs: the
 * geometry, transposed (dy is wide, dweight is [kh][kw][narrow][wide]), dy_c, the elements of dbias, 0 for none, and how tiles
 * are grouped. */
#include "conv_geometry.cl"
#include "winograd_phase.cl"
#include "winograd.cl"
#include "winograd_support.cl"
#include "winograd_wgrad.cl"

/* Of groups of tiles: images and rows of tiles, and floats between the elements of transformed tiles, [tile][channel] each. */
typedef struct tiling {
    int images, rows, wide_stride, narrow_stride;
} tiling;

/* Elements of sums[SIZE x SIZE][wide][narrow]. */
static int sum_count(conv_geometry g) {
    return ELEMENTS * wide_channels(g) * g.narrow_c;
}

/* sum[i][..] += sum over tiles of wide[tile][i] narrow[tile][..] for POSITIONS channels of wide but the first `skipped`. */
NOT_INLINE void product(int skipped, int tiles, int wide_c, int narrow_c, global const float *wide,
                        global const float *narrow, global float *sum) {
    lanes sums[POSITIONS][VECTORS] = {{(lanes)(0)}};
    #pragma unroll 1
    for (int tile = 0; tile < tiles; tile++, wide += wide_c, narrow += narrow_c) {
        lanes a[VECTORS];
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) a[v] = VLOAD(LANES)(0, narrow + v * LANES);
        #pragma unroll
        for (int i = 0; i < POSITIONS; i++) {
            #pragma unroll
            for (int v = 0; v < VECTORS; v++) sums[i][v] = fma((lanes)(wide[i]), a[v], sums[i][v]);
        }
    }
    #pragma unroll
    for (int i = 0; i < POSITIONS; i++) {
        if (i < skipped) continue;
        #pragma unroll
        for (int v = 0; v < VECTORS; v++) {
            global float *to = sum + i * narrow_c + v * LANES;
            VSTORE(LANES)(VLOAD(LANES)(0, to) + sums[i][v], 0, to);
        }
    }
}

/* The last register tile has channels of the one before where POSITIONS does not divide them. */
static void multiply(int tiles, conv_geometry g, tiling t, global const float *wide, global const float *narrow,
                     global float *sums) {
    const int wide_c = wide_channels(g), narrow_c = g.narrow_c;
    #pragma unroll 1
    for (int e = 0; e < ELEMENTS; e++, wide += t.wide_stride, narrow += t.narrow_stride, sums += wide_c * narrow_c) {
        #pragma unroll 1
        for (int o = 0; o < narrow_c; o += VECTORS * LANES) {
            #pragma unroll 1
            for (int i = 0; i < wide_c; i += POSITIONS) {
                const int first = min(i, wide_c - POSITIONS);
                product(i - first, tiles, wide_c, narrow_c, wide + first, narrow + o, sums + first * narrow_c + o);
            }
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
    const support s = support_of(g, 0, 1, 0);
    const int count = sum_count(g), wide_c = wide_channels(g);
    global int *bits = (global int *)(sums + count + dy_c);
    for (int i = 0; i < count + dy_c; i++) sums[i] = 0;
    for (int i = 0; i < s.narrow_at + g.narrow_h * s.words * g.narrow_c; i++) bits[i] = 0;
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
            for (int tx = 0; tx < tiles_x; tx += STRIP_TILES) {
                const int tiles = min(tiles_x - tx, STRIP_TILES);
                transform_tiles(g, ty * STEP, tx * STEP, tiles, wide + i * wide_pixels * g.wide_c,
                                narrow + i * narrow_pixels * g.narrow_c, ALL_CHANNELS,
                                (tiles_place){wide_tiles + tile * wide_c, wide_c, t.wide_stride}, ALL_CHANNELS,
                                (tiles_place){narrow_tiles + tile * g.narrow_c, g.narrow_c, t.narrow_stride});
                tile += tiles;
            }
            multiply(tile, g, t, wide_tiles, narrow_tiles, sums);
        }
        #pragma unroll 1
        for (size_t i = image; i < image_end; i++)
            add_supports(g, wide + i * wide_pixels * g.wide_c, narrow + i * narrow_pixels * g.narrow_c, bits);
        if (dy_c) add_bias(transposed ? wide : narrow, dy_c, image * dy_pixels, image_end * dy_pixels, sums + count);
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

/* The weights of a phase, of channel c of wide; `partial` takes their sums in the first chunk's place. */
NOT_INLINE void finish_phase(conv_geometry g, int number, int c, int transposed, support s, global const int *bits,
                             global float *partial, global float *dweight) {
    const int element = wide_channels(g) * g.narrow_c;
    #pragma unroll 1
    for (int o = 0; o < g.narrow_c; o += LANES) {
        global float *first = partial + (number * g.wide_c + c) * g.narrow_c + o;
        #pragma unroll 1
        for (int e = 0; e < ELEMENTS; e++) {
            lanes sum = add_chunks(first + e * element, s.slice, s.parts);
            VSTORE(LANES)(sum, 0, first + e * element);
        }
        put_weights(g, number, c, o, transposed, s, bits, first, element, dweight);
    }
}

/* A work-item for each channel of wide, and with dbias one more. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_reduce(global float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, conv_geometry g, int chunks, int transposed, int dy_c,
                        ulong slice) {
    const int c = get_global_id(0), count = sum_count(g);
    partial += partial_offset;
    if (c == g.wide_c) {
        #pragma unroll 1
        for (int i = 0; i < dy_c; i += LANES)
            VSTORE(LANES)(add_chunks(partial + count + i, slice, chunks), 0, dbias + dbias_offset + i);
        return;
    }
    #pragma unroll 1
    for (int number = 0; number < g.stride_h * g.stride_w; number++)
        finish_phase(g, number, c, transposed, support_of(g, number, chunks, slice),
                     (global const int *)(partial + count + dy_c), partial, dweight + dweight_offset);
}
