/* Tiles of STEP x STEP results of gather and spread by Winograd's algorithm: where they begin, the taps that they meet, and
 * their end. Included after conv_geometry.cl, winograd_phase.cl and winograd.cl; macros SIZE, TAPS and LANES. */
/* What there is of an image in a phase: every `step`-th of its positions from `first` on. The first tile begins at position
 * `base` of these. */
typedef struct axis {
    int first, count, step, base;
} axis;

static axis input_axis(phase p, int spread, int count, int stride) {
    return spread ? (axis){0, count, 1, 1 - TAPS - p.offset} : (axis){p.first, p.count, stride, p.offset};
}
static axis output_axis(phase p, int spread, int count, int stride) {
    return spread ? (axis){p.first, p.count, stride, 0} : (axis){0, count, 1, 0};
}
static int place_of(axis y, axis x, int at_y, int at_x, int w) {
    return (y.first + at_y * y.step) * w + x.first + at_x * x.step;
}

/* The tiles, side by side, of an image's inputs for the outputs from y, x on, of all phases. */
ALWAYS_INLINE void transform_tiles(conv_geometry g, conv_sides s, int spread, int y, int x, int tiles,
                                   global const float *in, const int block, int block_step, int tile_step, int stride,
                                   global float *to) {
    int of_all = 0; /* the channel among those of all phases */
    #pragma unroll 1
    for (int number = 0; number < g.stride_h * g.stride_w; number++) {
        const axis y_axis = input_axis(phase_y(g, number), spread, s.in_h, g.stride_h);
        const axis x_axis = input_axis(phase_x(g, number), spread, s.in_w, g.stride_w);
        const int in_y = y + y_axis.base, in_x = x + x_axis.base;
        const int y_stride = y_axis.step * s.in_w * s.in_c, x_stride = x_axis.step * s.in_c;
        global const float *from = in + place_of(y_axis, x_axis, in_y, in_x, s.in_w) * s.in_c;
        #pragma unroll 1
        for (int c = 0; c < s.in_c; c += LANES, of_all += LANES)
            transform(DATA, SIZE, SIZE, tiles, from + c, y_stride, x_stride, inside(in_y, SIZE, y_axis.count),
                      inside(in_x, columns_of(tiles, SIZE), x_axis.count),
                      to + channel_place(of_all, block, block_step), tile_step, stride);
    }
}

/* The taps of a phase in the order of inputs: those of ys x xs are there, from tap `first` on, `step` columns or rows of the
 * kernel apart. Spread meets the last tap first. */
typedef struct tap_square {
    int first, step;
    int2 ys, xs;
} tap_square;

static tap_square taps_of(conv_geometry g, int number, int spread) {
    const phase y = phase_y(g, number), x = phase_x(g, number);
    const int last = spread ? TAPS - 1 : 0;
    return (tap_square){(y.tap + last * g.stride_h) * g.kernel_w + x.tap + last * g.stride_w,
                        spread ? -g.stride_w : g.stride_w,
                        spread ? (int2)(TAPS - y.taps, TAPS) : (int2)(0, y.taps),
                        spread ? (int2)(TAPS - x.taps, TAPS) : (int2)(0, x.taps)};
}

/* What becomes of the sums: a bias is added, they are not less than `floor`, and 0 where the mask is; NULL for none. */
typedef struct epilogue {
    global const float *bias, *mask;
    float floor;
} epilogue;

/* ys x xs outputs, y_stride and x_stride apart. */
static void finish_tile(int stride, global const float *sums, int ys, int xs, int y_stride, int x_stride, epilogue e,
                        global float *out) {
    lanes columns[MAX_SIZE][MAX_COLUMNS], results[MAX_SIZE];
    lanes bias = e.bias ? VLOAD(LANES)(0, e.bias) : (lanes)(0);
    transform_columns(SUM, SIZE, STEP, SIZE, sums, SIZE * stride, stride, (int2)(0, SIZE), (int2)(0, SIZE), columns);
    #pragma unroll 1
    for (int y = 0; y < ys; y++, out += y_stride) {
        line(SUM, SIZE, STEP, columns[y], results);
        #pragma unroll 1
        for (int x = 0; x < xs; x++) {
            lanes value = results[x] + bias;
            value = value < e.floor ? (lanes)(e.floor) : value;
            if (e.mask) value = VLOAD(LANES)(0, e.mask + y * y_stride + x * x_stride) <= 0 ? (lanes)(0) : value;
            VSTORE(LANES)(value, 0, out + x * x_stride);
        }
    }
}
