#include "ops/activation.h"
#include "ops/formula_double.h"
#include "ops/op_kind.h"

#include <stdio.h>
#include <string.h>

typedef struct activation_kind {
    const char *name, *suffix;
    float parameter;
    bool is_from_y;
    /* With the sums of absolute values of terms that may cancel, for the bound on rounding errors. */
    double (*forward)(double x, double a), (*forward_magnitude)(double x, double a);
    double (*backward)(double from, double dy, double a), (*backward_magnitude)(double from, double dy, double a);
} activation_kind;

#define ACTIVATION(stem, title, usual, from, forward, backward)                                                               \
    static double activation_forward_##stem(double x, double a) {                                                      \
        (void)a;                                                                                                       \
        return forward;                                                                                                \
    }                                                                                                                  \
    static double activation_backward_##stem(double from, double dy, double a) {                                       \
        (void)a;                                                                                                       \
        return backward;                                                                                               \
    }
#include "ops/activations.def"
#undef ACTIVATION

#undef SUM
#define SUM(a, b) (fabs((double)(a)) + fabs((double)(b)))
#define ACTIVATION(stem, title, usual, from, forward, backward)                                                               \
    static double activation_forward_magnitude_##stem(double x, double a) {                                            \
        (void)a;                                                                                                       \
        return fabs(forward);                                                                                          \
    }                                                                                                                  \
    static double activation_backward_magnitude_##stem(double from, double dy, double a) {                             \
        (void)a;                                                                                                       \
        return fabs(backward);                                                                                         \
    }
#include "ops/activations.def"
#undef ACTIVATION

enum { FROM_x, FROM_y };

static const activation_kind kinds[ACTIVATION_COUNT] = {
    [ACTIVATION_NONE] = {.name = "none", .suffix = ""},
#define ACTIVATION(stem, title, usual, from, forward_each, backward_each)                                              \
    [ACTIVATION_##stem] = {                                                                                            \
        .name = #stem,                                                                                                 \
        .suffix = " +" #stem,                                                                                          \
        .parameter = (float)(usual),                                                                                   \
        .is_from_y = FROM_##from == FROM_y,                                                                            \
        .forward = activation_forward_##stem,                                                                          \
        .forward_magnitude = activation_forward_magnitude_##stem,                                                      \
        .backward = activation_backward_##stem,                                                                        \
        .backward_magnitude = activation_backward_magnitude_##stem,                                                    \
    },
#include "ops/activations.def"
#undef ACTIVATION
};

const char *activation_name(activation_id activation) {
    return kinds[activation].name;
}

const char *activation_suffix(activation_id activation) {
    return kinds[activation].suffix;
}

activation_id activation_find(const char *name) {
    int found = ACTIVATION_NONE + 1;
    while (found < ACTIVATION_COUNT && strcmp(kinds[found].name, name) != 0) found++;
    return (activation_id)found;
}

float activation_parameter(activation_id activation) {
    return kinds[activation].parameter;
}

bool activation_is_from_y(activation_id activation) {
    return kinds[activation].is_from_y;
}

bool activation_is_relu_at_most(activation_id activation) {
    return activation == ACTIVATION_NONE || activation == ACTIVATION_relu;
}

static size_t activation_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->activation.count;
}

static double activation_flops(const op_desc *desc) {
    return (double)desc->activation.count;
}

static const op_field activation_fields[] = {
    OP_FIELD(ACTIVATION, activation, activation), OP_FIELD(SIZE, activation, count), {0}};

static void activation_describe(const op_desc *desc, char *text, size_t size) {
    const activation_desc *d = &desc->activation;
    const int used = snprintf(text, size, "%s %zu", activation_name(d->activation), d->count);
    if (d->parameter != 0 && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, " a%g", (double)d->parameter);
}

static size_t activation_images(const op_desc *desc) {
    return desc->activation.count;
}

static void activation_set_images(op_desc *desc, size_t images) {
    desc->activation.count = images;
}

static op_expected activation_fwd_expect(const op_values *values, int output, size_t i) {
    const activation_desc *d = &values->desc->activation;
    const double x = (double)op_floats(values, ACTIVATION_FWD_X)[i], a = (double)d->parameter;
    (void)output;
    return (op_expected){kinds[d->activation].forward(x, a), kinds[d->activation].forward_magnitude(x, a)};
}

static op_expected activation_bwd_expect(const op_values *values, int output, size_t i) {
    const activation_desc *d = &values->desc->activation;
    const double from = (double)op_floats(values, ACTIVATION_BWD_FROM)[i];
    const double dy = (double)op_floats(values, ACTIVATION_BWD_DY)[i], a = (double)d->parameter;
    (void)output;
    return (op_expected){kinds[d->activation].backward(from, dy, a),
                         kinds[d->activation].backward_magnitude(from, dy, a)};
}

const op_kind op_kind_activation_fwd = {
    .name = "activation_fwd",
    .operand = {[ACTIVATION_FWD_X] = {"x", OPERAND_IN, DRAW_SIGNS}, [ACTIVATION_FWD_Y] = {"y", OPERAND_OUT}},
    .count = activation_count,
    .flops = activation_flops,
    .describe = activation_describe,
    .fields = activation_fields,
    .images = activation_images,
    .set_images = activation_set_images,
    .expect = activation_fwd_expect,
};

const op_kind op_kind_activation_bwd = {
    .name = "activation_bwd",
    .operand = {[ACTIVATION_BWD_FROM] = {"from", OPERAND_IN, DRAW_SIGNS},
                [ACTIVATION_BWD_DY] = {"dy", OPERAND_IN, DRAW_NUMBERS},
                [ACTIVATION_BWD_DX] = {"dx", OPERAND_OUT}},
    .count = activation_count,
    .flops = activation_flops,
    .describe = activation_describe,
    .fields = activation_fields,
    .images = activation_images,
    .set_images = activation_set_images,
    .expect = activation_bwd_expect,
};
