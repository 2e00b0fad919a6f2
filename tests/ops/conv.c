#include "ops/conv_cases.h"

typedef struct square_layer {
    int n, wide, narrow, wide_c, narrow_c, k, s;
    bool with_bias, with_relu;
} square_layer;

/* Square layers as the lecture has them, encoder and decoder alike; and those of a toy on 1x1 images. */
static const square_layer fixed[CONV_FIXED_COUNT] = {
    {3, 28, 24, 1, 32, 5, 1, true, true},   {3, 24, 20, 32, 32, 5, 1, true, true},
    {3, 20, 9, 32, 32, 4, 2, true, true},   {3, 9, 4, 32, 32, 3, 2, true, true},
    {3, 4, 1, 32, 8, 4, 1, true, false},    {3, 9, 5, 32, 32, 1, 2, false, false},
    {3, 9, 4, 32, 32, 3, 2, false, true},   {1, 24, 20, 32, 32, 5, 1, false, false},
    {37, 1, 1, 2, 128, 1, 1, true, true},   {101, 1, 1, 140, 290, 1, 1, true, true},
    {1, 44, 40, 16, 16, 5, 1, true, false}, {140, 8, 6, 16, 16, 3, 1, true, true}, /* many tiles; many images of few */
    {5, 1, 1, 1170, 18, 1, 1, true, true},  {3, 1, 1, 22, 1500, 1, 1, true, true}, /* few outputs of long sums */
    {2, 4, 1, 130, 12, 4, 1, true, true},   {1, 60, 29, 16, 20, 4, 2, true, true}, /* 8 tiles in a row */
};

/* For emulators, which need a second for what takes others a microsecond. */
static const square_layer smallest[] = {
    {2, 6, 4, 3, 32, 3, 1, true, true},
    {1, 5, 2, 16, 8, 2, 2, false, false},
    {3, 1, 1, 1170, 9, 1, 1, true, true},
};

static conv_desc fixed_desc(size_t index, int quick) {
    square_layer l = quick == 2 ? smallest[index % 3] : fixed[index];
    if (quick == 1) {
        l.n = 1;
        l.narrow = l.narrow < 8 ? l.narrow : 8;
        l.wide = (l.narrow - 1) * l.s + l.k;
    }
    return (conv_desc){.g = {l.n, l.wide, l.wide, l.wide_c, l.narrow, l.narrow, l.narrow_c, l.k, l.k, l.s, l.s, 0, 0},
                       .with_bias = l.with_bias,
                       .activation = l.with_relu ? ACTIVATION_relu : ACTIVATION_NONE};
}

/* One axis: kernel, stride, padding and the two sizes that go together; what rounding down leaves of the wide size is
 * conv_transpose2d's output padding. */
static void random_axis(test_random *random, int *wide, int *narrow, int *k, int *s, int *p) {
    do {
        *wide = random_int(random, 1, 23);
        *k = random_int(random, 1, 7);
        *s = random_int(random, 1, random_int(random, 0, 3) ? 3 : 9);
        *p = random_int(random, 0, 1) ? 0 : random_int(random, 0, *k);
    } while (*wide + 2 * *p < *k);
    *narrow = (*wide + 2 * *p - *k) / *s + 1;
}

static int random_channels(test_random *random) {
    static const int usual[] = {1, 2, 4, 8, 16, 32};
    return random_int(random, 0, 1) ? random_int(random, 1, 40) : usual[random_int(random, 0, 5)];
}

conv_geometry conv_random_geometry(test_random *random, double max_multiply_adds) {
    conv_geometry g;
    do {
        g.n = random_int(random, 0, 2) ? random_int(random, 1, 5) : 1;
        random_axis(random, &g.wide_h, &g.narrow_h, &g.kh, &g.sh, &g.ph);
        random_axis(random, &g.wide_w, &g.narrow_w, &g.kw, &g.sw, &g.pw);
        g.wide_c = random_channels(random);
        g.narrow_c = random_channels(random);
    } while ((double)g.n * g.narrow_h * g.narrow_w * g.kh * g.kw * g.wide_c * g.narrow_c > max_multiply_adds);
    return g;
}

/* Whole vectors of all instruction sets, or, but for emulators, not. */
static int random_square_channels(test_random *random, int quick, int most) {
    return quick == 2 || random_int(random, 0, 2) ? 16 * random_int(random, 1, most) : random_int(random, 4, 16 * most);
}

/* Mostly what Winograd's algorithm takes, for emulators always. */
static int random_square_kernel(test_random *random, int quick, int stride) {
    if (quick != 2 && random_int(random, 0, 5) == 0) return 1;
    return stride == 2 ? random_int(random, 3, 6) : random_int(random, 0, 1) ? 3 : 5;
}

/* A square kernel, of 1, 3 or 5 with stride 1 or of 1 or 3 to 6 with 2, and mostly channels that come in vectors: what
 * transforms and packed kernels want. */
static conv_geometry random_square_geometry(test_random *random, int quick, int stride) {
    conv_geometry g;
    const int most = quick ? 1 : 3, images = quick == 2 ? 1 : quick ? 2 : 5, side = quick == 2 ? 6 : quick ? 8 : 19;
    do {
        g = (conv_geometry){.n = random_int(random, 1, images),
                            .wide_h = random_int(random, 1, side),
                            .wide_w = random_int(random, 1, side),
                            .sh = stride,
                            .sw = stride};
        g.kh = g.kw = random_square_kernel(random, quick, stride);
        g.ph = random_int(random, 0, g.kh);
        g.pw = random_int(random, 0, g.kw);
        g.narrow_h = (g.wide_h + 2 * g.ph - g.kh) / stride + 1;
        g.narrow_w = (g.wide_w + 2 * g.pw - g.kw) / stride + 1;
        g.wide_c = random_square_channels(random, quick, most);
        g.narrow_c = random_square_channels(random, quick, most);
    } while (g.wide_h + 2 * g.ph < g.kh || g.wide_w + 2 * g.pw < g.kw);
    return g;
}

static bool is_bwd_data(op_id op) {
    return op == OP_conv2d_bwd_data || op == OP_conv_transpose2d_bwd_data;
}
static bool is_bwd_weights(op_id op) {
    return op == OP_conv2d_bwd_weights || op == OP_conv_transpose2d_bwd_weights;
}

void conv_describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    if (index < CONV_FIXED_COUNT) {
        desc->conv = fixed_desc(index, quick);
    } else {
        const size_t number = index - CONV_FIXED_COUNT;
        /* Emulators have time for one. */
        const int stride = quick == 2 ? random_int(random, 1, 2) : 1 + (int)(number / 4 % 2);
        desc->conv.g = number % 4 ? conv_random_geometry(random, quick == 2 ? 1e4
                                                                 : quick    ? 1e5
                                                                            : 4e5)
                                  : random_square_geometry(random, quick, stride);
        desc->conv.with_bias = random_int(random, 0, 1);
        desc->conv.activation = random_int(random, 0, 1) ? ACTIVATION_relu : ACTIVATION_NONE;
    }
    if (is_bwd_data(op)) desc->conv.with_bias = false;
    if (is_bwd_weights(op)) desc->conv.activation = ACTIVATION_NONE;
}

conv_sizes conv_sizes_of(const op_desc *desc, bool transposed) {
    const conv_geometry *g = &desc->conv.g;
    const size_t wide = (size_t)g->n * g->wide_h * g->wide_w * g->wide_c;
    const size_t narrow = (size_t)g->n * g->narrow_h * g->narrow_w * g->narrow_c;
    return (conv_sizes){.x = transposed ? narrow : wide,
                        .y = transposed ? wide : narrow,
                        .weight = (size_t)g->kh * g->kw * g->wide_c * g->narrow_c,
                        .in = transposed ? g->narrow_c : g->wide_c,
                        .out = transposed ? g->wide_c : g->narrow_c};
}

typedef enum channel_kind { DENSE, DEAD, BORDER, INSIDE, CHANNEL_KINDS } channel_kind;

double *conv_random_images(op_case *c, int operand, int n, int h, int w, int channels, test_random *random) {
    const size_t count = (size_t)n * h * w * channels;
    const bool sparse = random_int(random, 0, 1);
    channel_kind *kinds = case_memory(channels * sizeof *kinds);
    for (int i = 0; i < channels && sparse; i++) kinds[i] = random_int(random, 0, CHANNEL_KINDS - 1);
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        const int x = i / channels % w, y = i / channels / w % h;
        const bool border = x == 0 || x == w - 1 || y == 0 || y == h - 1;
        const channel_kind kind = kinds[i % channels];
        const double value = c->integers ? random_int(random, -3, 3) : random_real(random);
        if (kind == DENSE || (kind == BORDER && border) || (kind == INSIDE && !border)) values[i] = value;
    }
    return case_values(c, operand, count, values);
}

double *conv_random_mask(op_case *c, int operand, size_t count, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = random_int(random, 0, 2) ? random_real(random) : 0.0;
    return case_values(c, operand, count, values);
}
