/* The convolutions: geometry, and their six rows of the op table. */
#include "ops/conv.h"
#include "base/numbers.h"
#include "ops/activation.h"
#include "ops/op_kind.h"

#include <stdio.h>

enum { FEWEST_WEIGHTS = 16 * 1024, FEWEST_CHANNELS = 64, MOST_POSITIONS = 64 };

bool op_is_conv(op_id op) {
    return op <= OP_conv_transpose2d_bwd_weights;
}

bool op_is_transposed(op_id op) {
    return op >= OP_conv_transpose2d_fwd && op <= OP_conv_transpose2d_bwd_weights;
}

conv_kernel conv_kernel_of(op_id op) {
    static const conv_kernel kernels[] = {
        [OP_conv2d_fwd] = CONV_GATHER,
        [OP_conv2d_bwd_data] = CONV_SPREAD,
        [OP_conv2d_bwd_weights] = CONV_WGRAD,
        [OP_conv_transpose2d_fwd] = CONV_SPREAD,
        [OP_conv_transpose2d_bwd_data] = CONV_GATHER,
        [OP_conv_transpose2d_bwd_weights] = CONV_WGRAD,
    };
    return kernels[op];
}

bool conv_is_forward(op_id op) {
    return op == OP_conv2d_fwd || op == OP_conv_transpose2d_fwd;
}

bool conv_has_relu(const op_desc *desc) {
    return desc->conv.activation == ACTIVATION_relu;
}

bool conv_has_relu_at_most(const op_desc *desc) {
    return activation_is_relu_at_most(desc->conv.activation);
}

conv_sides conv_sides_of(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    if (conv_kernel_of(desc->op) == CONV_SPREAD)
        return (conv_sides){true, g->narrow_h, g->narrow_w, g->narrow_c, g->wide_h, g->wide_w, g->wide_c};
    return (conv_sides){false, g->wide_h, g->wide_w, g->wide_c, g->narrow_h, g->narrow_w, g->narrow_c};
}

bool conv_is_linear(const conv_geometry *g) {
    return g->wide_h == 1 && g->wide_w == 1 && g->kh == 1 && g->kw == 1;
}

bool conv_is_pointwise(const conv_geometry *g) {
    return g->kh == 1 && g->kw == 1 && g->sh == 1 && g->sw == 1 && g->ph == 0 && g->pw == 0 &&
           g->wide_h == g->narrow_h && g->wide_w == g->narrow_w;
}

bool conv_is_large_linear(const conv_geometry *g) {
    return conv_is_linear(g) && (size_t)g->wide_c * (size_t)g->narrow_c >= FEWEST_WEIGHTS;
}

bool conv_has_few_terms(const conv_geometry *g) {
    return g->wide_c >= FEWEST_CHANNELS && g->narrow_c >= FEWEST_CHANNELS &&
           g->narrow_h * g->narrow_w <= MOST_POSITIONS;
}

size_t conv_dy_pixels(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool is_wide = op_is_transposed(desc->op);
    return (size_t)g->n * (size_t)(is_wide ? g->wide_h : g->narrow_h) * (size_t)(is_wide ? g->wide_w : g->narrow_w);
}

int conv_dy_channels(const op_desc *desc) {
    return op_is_transposed(desc->op) ? desc->conv.g.wide_c : desc->conv.g.narrow_c;
}

conv_range conv_taps_inside(int i, int wide, int kernel, int stride, int pad) {
    const int start = i * stride - pad;
    conv_range taps = {start < 0 ? -start : 0, wide - start < kernel ? wide - start : kernel};
    if (taps.end < taps.first) taps.end = taps.first;
    return taps;
}

conv_range conv_positions_inside(int tap, int narrow, int wide, int stride, int pad) {
    const int below = pad - tap, room = wide - 1 + pad - tap;
    conv_range inside = {below > 0 ? divide_up(below, stride) : 0, room < 0 ? 0 : smaller(room / stride + 1, narrow)};
    if (inside.end < inside.first) inside.end = inside.first;
    return inside;
}

size_t conv_axis_pairs(int narrow, int wide, int kernel, int stride, int pad) {
    size_t pairs = 0;
    for (int i = 0; i < narrow; i++) {
        const conv_range taps = conv_taps_inside(i, wide, kernel, stride, pad);
        pairs += (size_t)(taps.end - taps.first);
    }
    return pairs;
}

static size_t conv_wide_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->wide_h * (size_t)g->wide_w * (size_t)g->wide_c;
}

static size_t conv_narrow_count(const conv_geometry *g) {
    return (size_t)g->n * (size_t)g->narrow_h * (size_t)g->narrow_w * (size_t)g->narrow_c;
}

static size_t conv_weight_count(const conv_geometry *g) {
    return (size_t)g->kh * (size_t)g->kw * (size_t)g->wide_c * (size_t)g->narrow_c;
}

static size_t conv_x_count(const op_desc *desc) {
    return op_is_transposed(desc->op) ? conv_narrow_count(&desc->conv.g) : conv_wide_count(&desc->conv.g);
}

static size_t conv_y_count(const op_desc *desc) {
    return op_is_transposed(desc->op) ? conv_wide_count(&desc->conv.g) : conv_narrow_count(&desc->conv.g);
}

static size_t conv_bias_count(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return desc->conv.with_bias ? (size_t)(op_is_transposed(desc->op) ? g->wide_c : g->narrow_c) : 0;
}

static size_t conv_fwd_count(const op_desc *desc, int operand) {
    const size_t counts[] = {conv_x_count(desc), conv_weight_count(&desc->conv.g), conv_bias_count(desc),
                             conv_y_count(desc)};
    return counts[operand];
}

static size_t conv_bwd_data_count(const op_desc *desc, int operand) {
    const size_t dx = conv_x_count(desc);
    const size_t counts[] = {conv_y_count(desc), conv_weight_count(&desc->conv.g), desc->conv.activation ? dx : 0, dx};
    return counts[operand];
}

static size_t conv_bwd_weights_count(const op_desc *desc, int operand) {
    const size_t counts[] = {conv_x_count(desc), conv_y_count(desc), conv_weight_count(&desc->conv.g),
                             conv_bias_count(desc)};
    return counts[operand];
}

static double conv_flops(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const size_t rows = conv_axis_pairs(g->narrow_h, g->wide_h, g->kh, g->sh, g->ph);
    const size_t columns = conv_axis_pairs(g->narrow_w, g->wide_w, g->kw, g->sw, g->pw);
    return 2.0 * ((double)g->n * (double)rows * (double)columns * g->wide_c * g->narrow_c);
}

static double conv_terms(const op_desc *desc, int output) {
    const conv_geometry *g = &desc->conv.g;
    (void)output;
    return (double)g->kh * g->kw * (conv_kernel_of(desc->op) == CONV_GATHER ? g->wide_c : g->narrow_c);
}

static double conv_bwd_weights_terms(const op_desc *desc, int output) {
    const conv_geometry *g = &desc->conv.g;
    (void)output;
    return (double)g->n * g->wide_h * g->wide_w;
}

static const op_field conv_fields[] = {OP_FIELD(INT, conv.g, n),
                                       OP_FIELD(INT, conv.g, wide_h),
                                       OP_FIELD(INT, conv.g, wide_w),
                                       OP_FIELD(INT, conv.g, wide_c),
                                       OP_FIELD(INT, conv.g, narrow_h),
                                       OP_FIELD(INT, conv.g, narrow_w),
                                       OP_FIELD(INT, conv.g, narrow_c),
                                       OP_FIELD(INT, conv.g, kh),
                                       OP_FIELD(INT, conv.g, kw),
                                       OP_FIELD(INT, conv.g, sh),
                                       OP_FIELD(INT, conv.g, sw),
                                       OP_FIELD(INT, conv.g, ph),
                                       OP_FIELD(INT, conv.g, pw),
                                       OP_FIELD(FLAG, conv, with_bias),
                                       OP_FIELD(ACTIVATION, conv, activation),
                                       {0}};

static void conv_describe(const op_desc *desc, char *text, size_t size) {
    const conv_geometry *g = &desc->conv.g;
    const bool transposed = op_is_transposed(desc->op);
    const int in[3] = {transposed ? g->narrow_h : g->wide_h, transposed ? g->narrow_w : g->wide_w,
                       transposed ? g->narrow_c : g->wide_c};
    const int out[3] = {transposed ? g->wide_h : g->narrow_h, transposed ? g->wide_w : g->narrow_w,
                        transposed ? g->wide_c : g->narrow_c};
    snprintf(text, size, "%dx%dx%dx%d -> %dx%dx%d k%dx%d s%dx%d p%dx%d%s%s", g->n, in[0], in[1], in[2], out[0], out[1],
             out[2], g->kh, g->kw, g->sh, g->sw, g->ph, g->pw, desc->conv.with_bias ? " +bias" : "",
             activation_suffix(desc->conv.activation));
}

static size_t conv_images(const op_desc *desc) {
    return (size_t)desc->conv.g.n;
}

static void conv_set_images(op_desc *desc, size_t images) {
    desc->conv.g.n = (int)images;
}

/* In sums over all images, which would hide single pixels; one of each image at least. */
#define CONV_PIXELS 256

static op_grid conv_dy_grid(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const size_t n = (size_t)g->n, per_image = CONV_PIXELS / n + 1;
    if (op_is_transposed(desc->op))
        return (op_grid){n, (size_t)g->wide_h, (size_t)g->wide_w, (size_t)g->wide_c, per_image};
    return (op_grid){n, (size_t)g->narrow_h, (size_t)g->narrow_w, (size_t)g->narrow_c, per_image};
}

#define CONV_KIND(stem, direction, ...)                                                                                \
    const op_kind op_kind_##stem##_##direction = {                                                                     \
        .name = #stem "_" #direction,                                                                                  \
        .count = conv_##direction##_count,                                                                             \
        .flops = conv_flops,                                                                                           \
        .describe = conv_describe,                                                                                     \
        .fields = conv_fields,                                                                                         \
        .images = conv_images,                                                                                         \
        .set_images = conv_set_images,                                                                                 \
        __VA_ARGS__,                                                                                                   \
    }
#define CONV_FWD_KIND(stem)                                                                                            \
    CONV_KIND(stem, fwd, .terms = conv_terms, .look = LOOK_IMAGES, .activated = OP_ACTIVATED(conv, CONV_Y),            \
              .operand = {[CONV_X] = {"x", OPERAND_IN, DRAW_NUMBERS},                                                  \
                          [CONV_WEIGHT] = {"weight", OPERAND_IN, DRAW_NUMBERS},                                        \
                          [CONV_BIAS] = {"bias", OPERAND_IN, DRAW_NUMBERS},                                            \
                          [CONV_Y] = {"y", OPERAND_OUT}})
#define CONV_BWD_DATA_KIND(stem)                                                                                       \
    CONV_KIND(stem, bwd_data, .terms = conv_terms, .look = LOOK_IMAGES,                                                \
              .operand = {[CONV_BWD_DATA_DY] = {"dy", OPERAND_IN, DRAW_NUMBERS},                                       \
                          [CONV_BWD_DATA_WEIGHT] = {"weight", OPERAND_IN, DRAW_NUMBERS},                               \
                          [CONV_BWD_DATA_MASK] = {"mask", OPERAND_IN, DRAW_MASK},                                      \
                          [CONV_BWD_DATA_DX] = {"dx", OPERAND_OUT}})
#define CONV_BWD_WEIGHTS_KIND(stem)                                                                                    \
    CONV_KIND(stem, bwd_weights, .terms = conv_bwd_weights_terms, .look = LOOK_WHOLE, .grid = conv_dy_grid,            \
              .operand = {[CONV_BWD_WEIGHTS_X] = {"x", OPERAND_IN, DRAW_NUMBERS},                                      \
                          [CONV_BWD_WEIGHTS_DY] = {"dy", OPERAND_IN, DRAW_PIXELS},                                     \
                          [CONV_BWD_WEIGHTS_DWEIGHT] = {"dweight", OPERAND_OUT},                                       \
                          [CONV_BWD_WEIGHTS_DBIAS] = {"dbias", OPERAND_OUT}})

CONV_FWD_KIND(conv2d);
CONV_BWD_DATA_KIND(conv2d);
CONV_BWD_WEIGHTS_KIND(conv2d);
CONV_FWD_KIND(conv_transpose2d);
CONV_BWD_DATA_KIND(conv_transpose2d);
CONV_BWD_WEIGHTS_KIND(conv_transpose2d);
