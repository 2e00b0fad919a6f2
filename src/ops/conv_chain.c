#include "ops/conv_chain.h"

#include "base/numbers.h"
#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

_Static_assert(CONV_CHAIN_OUT(CONV_CHAIN_STAGES - 1) < OP_MAX_OPERANDS, "an op has the operands of all stages");

bool op_is_conv_chain(op_id op) {
    return op == OP_conv_chain_fwd || op == OP_conv_chain_bwd_data;
}

bool conv_chain_is_forward(op_id op) {
    return op == OP_conv_chain_fwd;
}

static op_id conv_chain_op_of(bool forward, bool transposed) {
    if (forward) return transposed ? OP_conv_transpose2d_fwd : OP_conv2d_fwd;
    return transposed ? OP_conv_transpose2d_bwd_data : OP_conv2d_bwd_data;
}

op_desc conv_chain_stage(const op_desc *desc, int k) {
    const conv_chain_stage_desc *stage = &desc->conv_chain.stage[k];
    return (op_desc){.op = conv_chain_op_of(conv_chain_is_forward(desc->op), stage->transposed), .conv = stage->conv};
}

int conv_chain_operand(int k, int operand) {
    return operand == CONV_X && k == 0 ? CONV_CHAIN_X : 3 * k + operand;
}

bool conv_chain_begins(const op_desc *conv, op_desc *desc) {
    const bool forward = op_is_conv(conv->op) && conv_is_forward(conv->op);
    if (!op_is_conv(conv->op) || conv_kernel_of(conv->op) == CONV_WGRAD) return false;
    *desc = (op_desc){.op = forward ? OP_conv_chain_fwd : OP_conv_chain_bwd_data,
                      .conv_chain = {.count = 1, .stage = {{op_is_transposed(conv->op), conv->conv}}}};
    return true;
}

bool conv_chain_add(op_desc *desc, const op_desc *next) {
    conv_chain_desc *d = &desc->conv_chain;
    op_desc begun;
    if (d->count == CONV_CHAIN_STAGES || !conv_chain_begins(next, &begun) || begun.op != desc->op) return false;
    const op_desc last = conv_chain_stage(desc, d->count - 1);
    if (op_operand_count(&last, CONV_Y) != op_operand_count(next, CONV_X)) return false;
    d->stage[d->count++] = begun.conv_chain.stage[0];
    return true;
}

/* Which stage has the operand; its own place of that in *of_stage. */
static int conv_chain_stage_of(int operand, int *of_stage) {
    const int k = operand == CONV_CHAIN_X ? 0 : (operand - 1) / 3;
    *of_stage = operand - 3 * k;
    return k;
}

static size_t conv_chain_count(const op_desc *desc, int operand) {
    int of_stage;
    const int k = conv_chain_stage_of(operand, &of_stage);
    if (k >= desc->conv_chain.count) return 0;
    const op_desc stage = conv_chain_stage(desc, k);
    return op_operand_count(&stage, of_stage);
}

static double conv_chain_flops(const op_desc *desc) {
    double flops = 0;
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        flops += op_flops(&stage);
    }
    return flops;
}

/* Of the longest sums so far. */
static double conv_chain_terms(const op_desc *desc, int output) {
    int of_stage;
    double terms = 0;
    for (int k = conv_chain_stage_of(output, &of_stage); k >= 0; k--) {
        const op_desc stage = conv_chain_stage(desc, k);
        terms = fmax(terms, op_terms(&stage, CONV_Y));
    }
    return terms;
}

/* "100x9x9x32 -> 4x4x32 k3x3 -> 1x1x8 k4x4" */
static void conv_chain_describe(const op_desc *desc, char *text, size_t size) {
    for (int k = 0; k < desc->conv_chain.count && size > 1; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        const conv_sides s = conv_sides_of(&stage);
        const conv_geometry *g = &stage.conv.g;
        const int used = k == 0 ? snprintf(text, size, "%dx%dx%dx%d", g->n, s.in_h, s.in_w, s.in_c) : 0;
        const int more =
            snprintf(text + used, size - (size_t)used, " -> %dx%dx%d k%dx%d", s.out_h, s.out_w, s.out_c, g->kh, g->kw);
        if (more < 0 || (size_t)(used + more) >= size) return;
        text += used + more;
        size -= (size_t)(used + more);
    }
}

static size_t conv_chain_images(const op_desc *desc) {
    return (size_t)desc->conv_chain.stage[0].conv.g.n;
}

static void conv_chain_set_images(op_desc *desc, size_t images) {
    for (int k = 0; k < desc->conv_chain.count; k++) desc->conv_chain.stage[k].conv.g.n = (int)images;
}

/* What stages make of one image, and the errors that rounding may cause are in proportion to: those of a stage's own
 * sums, and those of its inputs, which are taken as independent of one another. */
typedef struct conv_chain_image {
    double *shown;                    /* 1 + the image that is there; 0: none */
    double *value[CONV_CHAIN_STAGES]; /* of an image's outputs, and behind them the errors */
    double *input;
    double *squares; /* of a pixel's channels */
} conv_chain_image;

static size_t conv_chain_outputs(const op_desc *desc, int k) {
    return conv_chain_count(desc, CONV_CHAIN_OUT(k)) / conv_chain_images(desc);
}

static size_t conv_chain_place(const op_desc *desc, double *shared, conv_chain_image *image) {
    size_t used = 1, most = 0;
    image->shown = shared;
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        image->value[k] = shared + used;
        used += 2 * conv_chain_outputs(desc, k);
        most = larger_size(most, (size_t)conv_sides_of(&stage).out_c);
    }
    image->input = shared + used;
    used += conv_chain_count(desc, CONV_CHAIN_X) / conv_chain_images(desc);
    image->squares = shared + used;
    return used + most;
}

static size_t conv_chain_shared(const op_desc *desc) {
    double none;
    conv_chain_image image;
    return conv_chain_place(desc, &none, &image);
}

static void conv_chain_share(const op_values *values, double *shared) {
    (void)values;
    shared[0] = 0;
}

/* The input that a tap of an output meets. */
static bool conv_chain_meets(bool spread, int out, int tap, int stride, int pad, int size, int *in) {
    const int moved = spread ? out + pad - tap : out * stride + tap - pad;
    *in = spread ? moved / stride : moved;
    return moved >= 0 && *in < size && (!spread || moved % stride == 0);
}

/* Adds a pixel of the input, of which a tap's weights are, to one of the output. */
static void conv_chain_add_pixel(const conv_sides *s, bool forward, const double *in, const double *in_error,
                                 const float *weight, double *value, double *own, double *squares) {
    for (int c = 0; c < s->in_c; c++)
        for (int o = 0; o < s->out_c; o++) {
            const double w = (double)weight[forward ? c * s->out_c + o : o * s->in_c + c];
            value[o] += in[c] * w;
            own[o] += fabs(in[c] * w);
            if (in_error) squares[o] += in_error[c] * in_error[c] * w * w;
        }
}

/* Bias and relu, or the mask; what was `own` becomes the error. */
static void conv_chain_finish_pixel(const op_desc *stage, int channels, const float *extra, double *value,
                                    double *error, const double *squares) {
    const bool forward = conv_is_forward(stage->op), relu = conv_has_relu(stage);
    for (int o = 0; o < channels; o++) {
        if (forward && stage->conv.with_bias) {
            value[o] += (double)extra[o];
            error[o] += fabs((double)extra[o]);
        }
        error[o] += sqrt(squares[o]);
        if (forward && relu && value[o] < 0) value[o] = 0;
        if (!forward && relu && extra[o] <= 0) value[o] = error[o] = 0;
    }
}

typedef struct conv_chain_operands {
    const double *in, *in_error; /* in_error: NULL for what is exact */
    const float *weight, *extra; /* extra: of the image, where it is a mask */
} conv_chain_operands;

static void conv_chain_run_stage(const op_desc *stage, const conv_chain_operands *from, double *value, double *error,
                                 double *squares) {
    const conv_geometry *g = &stage->conv.g;
    const conv_sides s = conv_sides_of(stage);
    const bool forward = conv_is_forward(stage->op);
    for (int pixel = 0; pixel < s.out_h * s.out_w; pixel++, value += s.out_c, error += s.out_c) {
        for (int o = 0; o < s.out_c; o++) value[o] = error[o] = squares[o] = 0;
        for (int tap = 0; tap < g->kh * g->kw; tap++) {
            int y, x;
            if (!conv_chain_meets(s.spread, pixel / s.out_w, tap / g->kw, g->sh, g->ph, s.in_h, &y) ||
                !conv_chain_meets(s.spread, pixel % s.out_w, tap % g->kw, g->sw, g->pw, s.in_w, &x))
                continue;
            const size_t at = ((size_t)y * (size_t)s.in_w + (size_t)x) * (size_t)s.in_c;
            conv_chain_add_pixel(&s, forward, from->in + at, from->in_error ? from->in_error + at : NULL,
                                 from->weight + (size_t)tap * (size_t)s.in_c * (size_t)s.out_c, value, error, squares);
        }
        const size_t of_pixel = forward ? 0 : (size_t)pixel * (size_t)s.out_c;
        conv_chain_finish_pixel(stage, s.out_c, from->extra ? from->extra + of_pixel : NULL, value, error, squares);
    }
}

/* An image's part of an operand that has a part for each. */
static const float *conv_chain_part(const op_values *values, int operand, size_t image) {
    return op_floats(values, operand) +
           conv_chain_count(values->desc, operand) / conv_chain_images(values->desc) * image;
}

static void conv_chain_run_image(const op_values *values, size_t image, const conv_chain_image *made) {
    const op_desc *desc = values->desc;
    const bool forward = conv_chain_is_forward(desc->op);
    const float *x = conv_chain_part(values, CONV_CHAIN_X, image);
    const size_t inputs = conv_chain_count(desc, CONV_CHAIN_X) / conv_chain_images(desc);
    for (size_t i = 0; i < inputs; i++) made->input[i] = (double)x[i];
    conv_chain_operands from = {.in = made->input};
    for (int k = 0; k < desc->conv_chain.count; k++) {
        const op_desc stage = conv_chain_stage(desc, k);
        double *value = made->value[k], *error = value + conv_chain_outputs(desc, k);
        from.weight = op_floats(values, CONV_CHAIN_WEIGHT(k));
        from.extra = op_floats(values, CONV_CHAIN_EXTRA(k));
        if (from.extra && !forward) from.extra = conv_chain_part(values, CONV_CHAIN_EXTRA(k), image);
        conv_chain_run_stage(&stage, &from, value, error, made->squares);
        from.in = value;
        from.in_error = error;
    }
}

static op_expected conv_chain_expect(const op_values *values, int output, size_t i) {
    int of_stage;
    const int k = conv_chain_stage_of(output, &of_stage);
    const size_t outputs = conv_chain_outputs(values->desc, k), image = i / outputs, at = i % outputs;
    conv_chain_image made;
    conv_chain_place(values->desc, values->shared, &made);
    if (*made.shown != (double)(image + 1)) {
        conv_chain_run_image(values, image, &made);
        *made.shown = (double)(image + 1);
    }
    return (op_expected){made.value[k][at], made.value[k][outputs + at]};
}

#define CONV_CHAIN_FIELD(type, k, field, name_)                                                                        \
    { name_ #k, OP_FIELD_##type, offsetof(op_desc, conv_chain.stage[k].field) }
#define CONV_CHAIN_FIELDS(k)                                                                                           \
    CONV_CHAIN_FIELD(FLAG, k, transposed, "transposed"), CONV_CHAIN_FIELD(INT, k, conv.g.wide_h, "wide_h"),            \
        CONV_CHAIN_FIELD(INT, k, conv.g.wide_w, "wide_w"), CONV_CHAIN_FIELD(INT, k, conv.g.wide_c, "wide_c"),          \
        CONV_CHAIN_FIELD(INT, k, conv.g.narrow_h, "narrow_h"), CONV_CHAIN_FIELD(INT, k, conv.g.narrow_w, "narrow_w"),  \
        CONV_CHAIN_FIELD(INT, k, conv.g.narrow_c, "narrow_c"), CONV_CHAIN_FIELD(INT, k, conv.g.kh, "kh"),              \
        CONV_CHAIN_FIELD(INT, k, conv.g.kw, "kw"), CONV_CHAIN_FIELD(INT, k, conv.g.sh, "sh"),                          \
        CONV_CHAIN_FIELD(INT, k, conv.g.sw, "sw"), CONV_CHAIN_FIELD(INT, k, conv.g.ph, "ph"),                          \
        CONV_CHAIN_FIELD(INT, k, conv.g.pw, "pw"), CONV_CHAIN_FIELD(FLAG, k, conv.with_bias, "with_bias"),             \
        CONV_CHAIN_FIELD(ACTIVATION, k, conv.activation, "activation")

static const op_field conv_chain_fields[] = {CONV_CHAIN_FIELD(INT, 0, conv.g.n, "n"),
                                             OP_FIELD(INT, conv_chain, count),
                                             CONV_CHAIN_FIELDS(0),
                                             CONV_CHAIN_FIELDS(1),
                                             CONV_CHAIN_FIELDS(2),
                                             CONV_CHAIN_FIELDS(3),
                                             {0}};

#define CONV_CHAIN_STAGE(k, extra, draw, out)                                                                          \
    [CONV_CHAIN_WEIGHT(k)] = {"weight" #k, OPERAND_IN, DRAW_NUMBERS},                                                  \
    [CONV_CHAIN_EXTRA(k)] = {extra #k, OPERAND_IN, draw}, [CONV_CHAIN_OUT(k)] = {out #k, OPERAND_OUT}
#define CONV_CHAIN_KIND(direction, in, extra, draw, out)                                                               \
    const op_kind op_kind_conv_chain_##direction = {                                                                   \
        .name = "conv_chain_" #direction,                                                                              \
        .operand = {[CONV_CHAIN_X] = {in, OPERAND_IN, DRAW_NUMBERS},                                                   \
                    CONV_CHAIN_STAGE(0, extra, draw, out),                                                             \
                    CONV_CHAIN_STAGE(1, extra, draw, out),                                                             \
                    CONV_CHAIN_STAGE(2, extra, draw, out),                                                             \
                    CONV_CHAIN_STAGE(3, extra, draw, out)},                                                            \
        .count = conv_chain_count,                                                                                     \
        .flops = conv_chain_flops,                                                                                     \
        .terms = conv_chain_terms,                                                                                     \
        .describe = conv_chain_describe,                                                                               \
        .fields = conv_chain_fields,                                                                                   \
        .images = conv_chain_images,                                                                                   \
        .set_images = conv_chain_set_images,                                                                           \
        .look = LOOK_IMAGES,                                                                                           \
        .shared = conv_chain_shared,                                                                                   \
        .share = conv_chain_share,                                                                                     \
        .expect = conv_chain_expect,                                                                                   \
    }

CONV_CHAIN_KIND(fwd, "x", "bias", DRAW_NUMBERS, "y");
CONV_CHAIN_KIND(bwd_data, "dy", "mask", DRAW_MASK, "dx");
