/* What Winograd's gradients of weights share, on devices whose work-items are threads: the support, dbias, and the way from
 * sums of products back to weights. Included after conv_geometry.cl, winograd_phase.cl, winograd.cl and winograd_support.cl;
 * macros SIZE, TAPS and LANES. */
/* Channels of wide's tiles: of all phases. */
static int wide_channels(conv_geometry g) {
    return g.stride_h * g.stride_w * g.wide_c;
}

/* Where transformed tiles go: [block of channels][SIZE x SIZE][tile][channel]. */
typedef struct tiles_place {
    global float *to;
    int tile_step, stride; /* floats from one tile to the next, from one element to the next */
} tiles_place;

/* The tiles, side by side, of both sides of an image that begin at y, x of narrow. */
ALWAYS_INLINE void transform_tiles(conv_geometry g, int y, int x, int tiles, global const float *wide,
                                   global const float *narrow, const int wide_block, tiles_place wide_at,
                                   const int narrow_block, tiles_place narrow_at) {
    const int y_stride = g.stride_h * g.wide_w * g.wide_c, x_stride = g.stride_w * g.wide_c;
    int of_all = 0; /* the channel among those of all phases */
    #pragma unroll 1
    for (int number = 0; number < g.stride_h * g.stride_w; number++) {
        const phase y_phase = phase_y(g, number), x_phase = phase_x(g, number);
        const int wide_y = y + y_phase.offset, wide_x = x + x_phase.offset;
        global const float *from =
            wide + wide_y * y_stride + wide_x * x_stride + (y_phase.first * g.wide_w + x_phase.first) * g.wide_c;
        const int2 ys = inside(wide_y, SIZE, y_phase.count);
        const int2 xs = inside(wide_x, columns_of(tiles, SIZE), x_phase.count);
        #pragma unroll 1
        for (int c = 0; c < g.wide_c; c += LANES, of_all += LANES)
            transform(DATA, SIZE, SIZE, tiles, from + c, y_stride, x_stride, ys, xs,
                      wide_at.to + channel_place(of_all, wide_block, ELEMENTS * wide_at.stride), wide_at.tile_step,
                      wide_at.stride);
    }
    const int2 ys = inside(y, STEP, g.narrow_h), xs = inside(x, columns_of(tiles, STEP), g.narrow_w);
    narrow += (y * g.narrow_w + x) * g.narrow_c;
    #pragma unroll 1
    for (int c = 0; c < g.narrow_c; c += LANES)
        transform(WEIGHT, STEP, SIZE, tiles, narrow + c, g.narrow_w * g.narrow_c, g.narrow_c, ys, xs,
                  narrow_at.to + channel_place(c, narrow_block, ELEMENTS * narrow_at.stride), narrow_at.tile_step,
                  narrow_at.stride);
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

/* Rows and columns of an image's phase, `step` apart; the first word begins at the phase's position -pad_w. */
typedef struct positions {
    phase y, x;
    int step, pad_w;
} positions;

/* Marks the positions of an image, `width` wide, that are not 0. */
NOT_INLINE void add_support(global const float *image, int width, int channels, positions p, int words, global int *bits) {
    #pragma unroll 1
    for (int y = 0; y < p.y.count; y++)
    #pragma unroll 1
    for (int word = 0; word < words; word++, bits += channels) {
        const int2 xs = inside(word * 32 - p.pad_w, 32, p.x.count);
        global const float *from =
            image + ((p.y.first + y * p.step) * width + p.x.first + (word * 32 - p.pad_w) * p.step) * channels;
        #pragma unroll 1
        for (int c = 0; c < channels; c += LANES) {
            lane_bits found = VLOAD(LANES)(0, bits + c);
            #pragma unroll 4
            for (int x = xs.x; x < xs.y; x++)
                found |= VLOAD(LANES)(0, from + x * p.step * channels + c) != 0 ? (lane_bits)(1 << x) : (lane_bits)(0);
            VSTORE(LANES)(found, 0, bits + c);
        }
    }
}

/* The support of phase `number` in a part of the batch. */
static support support_of(conv_geometry g, int number, int parts, size_t slice) {
    const phase y = phase_y(g, number);
    const int words = support_words(g.narrow_w);
    const int size = support_of_phase((g.wide_h + g.stride_h - 1) >> (g.stride_h - 1), g.wide_c, words);
    return (support){y.count, g.wide_c, g.narrow_h, g.narrow_c, words, -y.offset, number * size,
                     g.stride_h * g.stride_w * size, parts, slice};
}

static void add_supports(conv_geometry g, global const float *wide, global const float *narrow, global int *bits) {
    const int phases = g.stride_h * g.stride_w;
    #pragma unroll 1
    for (int number = 0; number < phases; number++) {
        const support s = support_of(g, number, 1, 0);
        const positions p = {phase_y(g, number), phase_x(g, number), g.stride_w, -phase_x(g, number).offset};
        add_support(wide, g.wide_w, g.wide_c, p, s.words + 1, bits + s.wide_at);
    }
    const support s = support_of(g, 0, 1, 0);
    const positions all = {{0, g.narrow_h, 0, 0, 0}, {0, g.narrow_w, 0, 0, 0}, 1, 0};
    add_support(narrow, g.narrow_w, g.narrow_c, all, s.words, bits + s.narrow_at);
}

/* The sum of all chunks. */
static lanes add_chunks(global const float *p, size_t slice, int chunks) {
    lanes sum = (lanes)(0);
    #pragma unroll 1
    for (int chunk = 0; chunk < chunks; chunk++) sum += VLOAD(LANES)(0, p + chunk * slice);
    return sum;
}

/* The weights of a phase, of channel c of wide and those of narrow from o on, from SIZE x SIZE sums, `element` apart. */
ALWAYS_INLINE void put_weights(conv_geometry g, int number, int c, int o, int transposed, support s, global const int *bits,
                               global const float *sums, int element, global float *dweight) {
    const phase y_phase = phase_y(g, number), x_phase = phase_x(g, number);
    const int tap = g.wide_c * g.narrow_c, o_step = transposed ? g.wide_c : 1;
    const int2 whole = (int2)(0, SIZE);
    lanes columns[MAX_SIZE][MAX_COLUMNS], result[MAX_SIZE];
    transform_columns(SUM, SIZE, TAPS, SIZE, sums, SIZE * element, element, whole, whole, columns);
    dweight += (y_phase.tap * g.kernel_w + x_phase.tap) * tap + (transposed ? o * g.wide_c + c : c * g.narrow_c + o);
    #pragma unroll 1
    for (int y = 0; y < y_phase.taps; y++) {
        global float *to = dweight + y * g.stride_h * g.kernel_w * tap;
        line(SUM, SIZE, TAPS, columns[y], result);
        zero_unmet(TAPS, s, bits, c, o, y, result);
        #pragma unroll 1
        for (int x = 0; x < x_phase.taps; x++, to += g.stride_w * tap) {
            float one[LANES];
            VSTORE(LANES)(result[x], 0, one);
            #pragma unroll 1
            for (int i = 0; i < LANES; i++) to[i * o_step] = one[i];
        }
    }
}
