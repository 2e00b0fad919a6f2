#include "ops/conv_chain.h"

#include "ops/conv_cases.h"

#include <math.h>

/* A layer of square kernels, strides and paddings: of which output it is made, forward. */
typedef struct square_stage {
    bool transposed;
    int channels, k, s, p; /* channels: that come out */
    int linear;            /* the side of what comes out of a linear layer; 0: it is a convolution */
} square_stage;

typedef struct square_chain {
    int n, side, channels, count;
    square_stage stage[CONV_CHAIN_STAGES];
} square_chain;

/* The middle of the lecture's network and of another one, and what does not fit together in whole vectors. */
static const square_chain fixed[] = {
    {3, 9, 32, 4, {{false, 32, 3, 2, 0}, {false, 8, 4, 1, 0}, {true, 32, 4, 1, 0}, {true, 32, 3, 2, 0}}},
    {2, 4, 40, 2, {{false, 5, 4, 1, 0}, {true, 40, 4, 1, 0}}},
    {5, 7, 3, 3, {{false, 6, 3, 2, 1}, {false, 2, 3, 1, 1}, {true, 7, 4, 3, 1}}},
    {1, 1, 2, 2, {{true, 9, 5, 1, 0}, {false, 3, 2, 2, 1}}},
    {3, 5, 6, 4, {{false, 7, 3, 1, 0}, {.channels = 5, .linear = 1}, {.channels = 6, .linear = 3}, {true, 2, 2, 2, 0}}},
    {2, 3, 4, 2, {{.channels = 3, .linear = 4}, {false, 5, 3, 1, 1}}},
    {4, 1, 24, 4, {{false, 10, 1, 1, 0}, {false, 2, 1, 1, 0}, {true, 10, 1, 1, 0}, {false, 24, 1, 1, 0}}},
};
enum { FIXED = sizeof fixed / sizeof *fixed };

/* Along an axis, what the layer makes of `in`; less than 1 where there is no such layer. */
static int out_side(const square_stage *l, int in) {
    if (l->linear) return l->linear;
    if (l->transposed) return (in - 1) * l->s - 2 * l->p + l->k;
    return in + 2 * l->p < l->k ? 0 : (in + 2 * l->p - l->k) / l->s + 1;
}

static conv_chain_stage_desc stage_of(const square_stage *l, int n, int h, int w, int channels, test_random *random) {
    const int out_h = out_side(l, h), out_w = out_side(l, w);
    const conv_geometry linear = {n, 1, 1, h * w * channels, 1, 1, out_h * out_w * l->channels, 1, 1, 1, 1, 0, 0};
    const conv_geometry g = {n, h, w, channels, out_h, out_w, l->channels, l->k, l->k, l->s, l->s, l->p, l->p};
    const conv_geometry other = {n, out_h, out_w, l->channels, h, w, channels, l->k, l->k, l->s, l->s, l->p, l->p};
    return (conv_chain_stage_desc){l->transposed,
                                   {.g = l->linear       ? linear
                                         : l->transposed ? other
                                                         : g,
                                    .with_bias = random_int(random, 0, 3),
                                    .activation = random_int(random, 0, 3) ? ACTIVATION_relu : ACTIVATION_NONE}};
}

static square_stage random_stage(test_random *random, int side) {
    square_stage l = {.transposed = random_int(random, 0, 1), .channels = random_int(random, 1, 24)};
    if (random_int(random, 0, 5) == 0)
        return (square_stage){.channels = l.channels, .linear = random_int(random, 1, 3)};
    do {
        l.k = random_int(random, 1, 5);
        l.s = random_int(random, 1, 3);
        l.p = random_int(random, 0, l.k - 1);
    } while (out_side(&l, side) < 1 || out_side(&l, side) > 12);
    return l;
}

static void random_chain(test_random *random, square_chain *c) {
    *c = (square_chain){.n = random_int(random, 1, 4),
                        .side = random_int(random, 1, 9),
                        .channels = random_int(random, 1, 24),
                        .count = random_int(random, 2, CONV_CHAIN_STAGES)};
    for (int k = 0, side = c->side; k < c->count; k++) {
        c->stage[k] = random_stage(random, side);
        side = out_side(&c->stage[k], side);
    }
}

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    conv_chain_desc *d = &desc->conv_chain;
    square_chain c;
    if (index < FIXED && quick != 2)
        c = fixed[index];
    else
        random_chain(random, &c);
    int side = c.side, channels = c.channels;
    d->count = c.count;
    for (int k = 0; k < c.count; k++) {
        const conv_chain_stage_desc stage = stage_of(&c.stage[k], quick ? 1 : c.n, side, side, channels, random);
        d->stage[op == OP_conv_chain_fwd ? k : c.count - 1 - k] = stage;
        side = out_side(&c.stage[k], side);
        channels = c.stage[k].channels;
    }
    for (int k = 0; k < c.count && op != OP_conv_chain_fwd; k++) d->stage[k].conv.with_bias = false;
}

/* Of integers so few that are not 0 that all sums are exact. */
static double *case_weights(op_case *c, int operand, size_t count, size_t terms, test_random *random) {
    if (!c->integers) return case_random(c, operand, count, 1 / sqrt((double)terms), random);
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = random_int(random, 0, (int)(terms / 4)) ? 0 : random_int(random, 0, 1) ? 1 : -1;
    return case_values(c, operand, count, values);
}

static bool fill(op_case *c, test_random *random) {
    const conv_chain_desc *d = &c->desc.conv_chain;
    const bool forward = c->desc.op == OP_conv_chain_fwd;
    reference_output in = {0};
    const double *x = NULL;
    double terms = 0;
    for (int k = 0; k < d->count; k++) {
        const conv_desc *conv = &d->stage[k].conv;
        const op_desc stage = {.op = forward
                                         ? (d->stage[k].transposed ? OP_conv_transpose2d_fwd : OP_conv2d_fwd)
                                         : (d->stage[k].transposed ? OP_conv_transpose2d_bwd_data : OP_conv2d_bwd_data),
                               .conv = *conv};
        const conv_sizes size = conv_sizes_of(&stage, d->stage[k].transposed);
        const size_t in_count = forward ? size.x : size.y, out_count = forward ? size.y : size.x;
        const double *extra = NULL;
        terms = fmax(terms, reference_conv_terms(stage.op, conv));
        if (k == 0) x = case_random(c, CONV_CHAIN_X, in_count, 1, random);
        const double *weight =
            case_weights(c, CONV_CHAIN_WEIGHT(k), size.weight, (size_t)reference_conv_terms(stage.op, conv), random);
        if (forward && conv->with_bias) extra = case_random(c, CONV_CHAIN_EXTRA(k), size.out, 1, random);
        if (!forward && conv->activation) extra = conv_random_mask(c, CONV_CHAIN_EXTRA(k), out_count, random);
        reference_output out = case_output(c, CONV_CHAIN_OUT(k), out_count, terms);
        reference_conv_chain_stage(stage.op, conv, x, k == 0 ? NULL : &in, weight, extra, in_count, size.weight,
                                   out_count, out);
        in = out;
    }
    return true;
}

const op_suite suite_conv_chain_fwd = {OP_conv_chain_fwd, FIXED, describe, fill};
const op_suite suite_conv_chain_bwd_data = {OP_conv_chain_bwd_data, FIXED, describe, fill};
