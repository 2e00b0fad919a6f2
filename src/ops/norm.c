#include "ops/norm.h"

#include "ops/activation.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

static bool norm_is_of_batch(op_id op) {
    return op == OP_batch_norm_train_fwd || op == OP_batch_norm_eval_fwd || op == OP_batch_norm_bwd;
}

norm_sets norm_sets_of(const op_desc *desc) {
    const norm_desc *d = &desc->norm;
    if (norm_is_of_batch(desc->op)) return (norm_sets){1, d->images * d->pixels, d->channels, d->channels, 1};
    return (norm_sets){d->images, d->pixels, d->channels, d->groups, d->channels / d->groups};
}

bool norm_has_relu(const op_desc *desc) {
    return desc->norm.activation == ACTIVATION_relu;
}

static size_t norm_elements(const norm_desc *d) {
    return d->images * d->pixels * d->channels;
}

/* Values that share a mean. */
static double norm_population(const norm_sets *s) {
    return (double)s->rows * (double)s->group_channels;
}

static size_t norm_statistics(const op_desc *desc) {
    const norm_sets s = norm_sets_of(desc);
    return s.sets * s.groups;
}

static size_t norm_fwd_count(const op_desc *desc, int operand) {
    if (operand == NORM_FWD_X || operand == NORM_FWD_Y) return norm_elements(&desc->norm);
    return operand == NORM_FWD_MEAN || operand == NORM_FWD_INV_STD ? norm_statistics(desc) : desc->norm.channels;
}

static size_t norm_eval_count(const op_desc *desc, int operand) {
    return operand == NORM_EVAL_X || operand == NORM_EVAL_Y ? norm_elements(&desc->norm) : desc->norm.channels;
}

static size_t norm_bwd_count(const op_desc *desc, int operand) {
    if (operand == NORM_BWD_DY || operand == NORM_BWD_X || operand == NORM_BWD_DX) return norm_elements(&desc->norm);
    return operand == NORM_BWD_MEAN || operand == NORM_BWD_INV_STD ? norm_statistics(desc) : desc->norm.channels;
}

/* Mean, squares of deviations; difference, factor, sum. */
static double norm_fwd_flops(const op_desc *desc) {
    return 7.0 * (double)norm_elements(&desc->norm);
}

static double norm_eval_flops(const op_desc *desc) {
    return 3.0 * (double)norm_elements(&desc->norm);
}

static double norm_bwd_flops(const op_desc *desc) {
    return 9.0 * (double)norm_elements(&desc->norm);
}

static double norm_fwd_terms(const op_desc *desc, int output) {
    const norm_sets s = norm_sets_of(desc);
    (void)output;
    return norm_population(&s);
}

static double norm_bwd_terms(const op_desc *desc, int output) {
    const norm_sets s = norm_sets_of(desc);
    return output == NORM_BWD_DX ? norm_population(&s) : (double)s.sets * (double)s.rows;
}

static const op_field norm_fields[] = {OP_FIELD(SIZE, norm, images),           OP_FIELD(SIZE, norm, pixels),
                                       OP_FIELD(SIZE, norm, channels),         OP_FIELD(SIZE, norm, groups),
                                       OP_FIELD(ACTIVATION, norm, activation), {0}};

static void norm_describe(const op_desc *desc, char *text, size_t size) {
    const norm_desc *d = &desc->norm;
    char groups[24] = "";
    if (!norm_is_of_batch(desc->op)) snprintf(groups, sizeof groups, " g%zu", d->groups);
    snprintf(text, size, "%zux%zux%zu%s%s", d->images, d->pixels, d->channels, groups,
             activation_suffix(d->activation));
}

static size_t norm_images(const op_desc *desc) {
    return desc->norm.images;
}

static void norm_set_images(op_desc *desc, size_t images) {
    desc->norm.images = images;
}

#define NORM_PIXELS 4096 /* of a set, and of all sets */

static op_grid norm_grid(const op_desc *desc) {
    const norm_sets s = norm_sets_of(desc);
    return (op_grid){s.sets, 1, s.rows, s.channels, NORM_PIXELS / s.sets + 16};
}

/* Where an element of an image is: its channel, and the place of its mean. Divided no more than needs be, as it is
 * asked for of every element. */
typedef struct norm_place {
    size_t channel, group; /* the group is counted over all sets */
} norm_place;

static norm_place norm_place_of(const norm_sets *s, size_t i) {
    const size_t channel = i % s->channels, set = s->sets == 1 ? 0 : i / (s->rows * s->channels);
    const size_t group = s->group_channels == 1 ? channel : channel / s->group_channels;
    return (norm_place){channel, set * s->groups + group};
}

/* Of a set, those that are not zero: `count` of values->pixels from the first-th, or of all rows. */
typedef struct norm_rows {
    size_t first, count;
} norm_rows;

static size_t norm_row(const op_values *values, const norm_rows *rows, size_t index) {
    return values->pixels ? values->pixels[rows->first + index] : rows->first + index;
}

/* Of the set behind that of `before`. */
static norm_rows norm_next_rows(const op_values *values, const norm_sets *s, size_t set, const norm_rows *before) {
    norm_rows rows = {before->first + before->count, s->rows};
    if (!values->pixels) return rows;
    const size_t end = (set + 1) * s->rows, left = values->pixel_count - rows.first;
    for (rows.count = 0; rows.count < left && values->pixels[rows.first + rows.count] < end;) rows.count++;
    return rows;
}

/* Shared by the elements of a group: its mean, the mean of absolute values, the mean of squares of deviations and what
 * follows from it. The error of the mean is in proportion to `rounding`: it may be found from differences to any one of
 * the values, and none is further from it than the root of their number times the deviation. */
typedef struct norm_moments {
    double mean, absolute, variance, inv_std, rounding;
} norm_moments;

static double norm_inv_std(double variance, const norm_desc *d) {
    return 1 / sqrt(variance + d->epsilon);
}

static size_t norm_fwd_shared(const op_desc *desc) {
    return norm_statistics(desc) * sizeof(norm_moments) / sizeof(double);
}

static void norm_find_means(const op_values *values, const norm_sets *s, const norm_rows *rows, norm_moments *m) {
    const double share = 1 / norm_population(s);
    for (size_t g = 0; g < s->groups; g++) m[g] = (norm_moments){0, 0, 0, 0, 0};
    for (size_t i = 0; i < rows->count; i++) {
        const float *x = op_floats(values, NORM_FWD_X) + norm_row(values, rows, i) * s->channels;
        for (size_t g = 0; g < s->groups; g++)
            for (size_t c = 0; c < s->group_channels; c++, x++) {
                m[g].mean += (double)*x;
                m[g].absolute += fabs((double)*x);
            }
    }
    for (size_t g = 0; g < s->groups; g++) {
        m[g].mean *= share;
        m[g].absolute *= share;
    }
}

static void norm_find_variances(const op_values *values, const norm_sets *s, const norm_rows *rows, norm_moments *m) {
    const double share = 1 / norm_population(s), zeros = (double)(s->rows - rows->count) * (double)s->group_channels;
    for (size_t g = 0; g < s->groups; g++) m[g].variance = zeros * m[g].mean * m[g].mean;
    for (size_t i = 0; i < rows->count; i++) {
        const float *x = op_floats(values, NORM_FWD_X) + norm_row(values, rows, i) * s->channels;
        for (size_t g = 0; g < s->groups; g++)
            for (size_t c = 0; c < s->group_channels; c++, x++)
                m[g].variance += ((double)*x - m[g].mean) * ((double)*x - m[g].mean);
    }
    for (size_t g = 0; g < s->groups; g++) {
        m[g].variance *= share;
        m[g].inv_std = norm_inv_std(m[g].variance, &values->desc->norm);
        m[g].rounding = m[g].absolute + sqrt(m[g].variance);
    }
}

static void norm_fwd_share(const op_values *values, double *shared) {
    const norm_sets s = norm_sets_of(values->desc);
    norm_rows rows = {0, 0};
    for (size_t set = 0; set < s.sets; set++) {
        norm_moments *moments = (norm_moments *)shared + set * s.groups;
        rows = norm_next_rows(values, &s, set, &rows);
        norm_find_means(values, &s, &rows, moments);
        norm_find_variances(values, &s, &rows, moments);
    }
}

/* (x - mean) inv_std weight + bias, then relu; `rounding` is what the error of the mean is in proportion to. */
static op_expected norm_scaled(const op_desc *desc, double x, double mean, double rounding, double inv_std,
                               double weight, double bias) {
    const double scale = inv_std * weight, y = (x - mean) * scale + bias;
    return (op_expected){norm_has_relu(desc) && y < 0 ? 0 : y, (fabs(x - mean) + rounding) * fabs(scale) + fabs(bias)};
}

static op_expected norm_mixed(double momentum, double before, double now, double magnitude) {
    return (op_expected){(1 - momentum) * before + momentum * now,
                         (1 - momentum) * fabs(before) + momentum * magnitude};
}

static op_expected norm_expect_running(const op_values *values, const norm_moments *m, int output, size_t i) {
    const norm_sets s = norm_sets_of(values->desc);
    const double population = norm_population(&s), momentum = values->desc->norm.momentum;
    const double before = (double)op_floats(values, output)[i];
    if (output == NORM_FWD_RUNNING_MEAN) return norm_mixed(momentum, before, m[i].mean, m[i].rounding);
    const double variance = m[i].variance * population / (population - 1);
    return norm_mixed(momentum, before, variance, variance);
}

static op_expected norm_fwd_expect(const op_values *values, int output, size_t i) {
    const norm_moments *moments = (const norm_moments *)values->shared;
    if (output == NORM_FWD_MEAN) return (op_expected){moments[i].mean, moments[i].rounding};
    if (output == NORM_FWD_INV_STD) return (op_expected){moments[i].inv_std, moments[i].inv_std};
    if (output != NORM_FWD_Y) return norm_expect_running(values, moments, output, i);
    const norm_sets s = norm_sets_of(values->desc);
    const norm_place at = norm_place_of(&s, i);
    const norm_moments *m = &moments[at.group];
    return norm_scaled(values->desc, (double)op_floats(values, NORM_FWD_X)[i], m->mean, m->rounding, m->inv_std,
                       (double)op_floats(values, NORM_FWD_WEIGHT)[at.channel],
                       (double)op_floats(values, NORM_FWD_BIAS)[at.channel]);
}

/* Shared by the elements of a channel: inv_std. */
static size_t norm_eval_shared(const op_desc *desc) {
    return desc->norm.channels;
}

static void norm_eval_share(const op_values *values, double *inv_std) {
    const norm_desc *d = &values->desc->norm;
    for (size_t c = 0; c < d->channels; c++)
        inv_std[c] = norm_inv_std((double)op_floats(values, NORM_EVAL_RUNNING_VAR)[c], d);
}

static op_expected norm_eval_expect(const op_values *values, int output, size_t i) {
    const size_t c = i % values->desc->norm.channels;
    (void)output;
    return norm_scaled(values->desc, (double)op_floats(values, NORM_EVAL_X)[i],
                       (double)op_floats(values, NORM_EVAL_RUNNING_MEAN)[c], 0, values->shared[c],
                       (double)op_floats(values, NORM_EVAL_WEIGHT)[c], (double)op_floats(values, NORM_EVAL_BIAS)[c]);
}

/* Shared by the elements of a channel in a set: the sums of dy and of dy xhat, where xhat = (x - mean) inv_std; and,
 * behind those of all, by the elements of a group: the same times the channels' weights. */
typedef struct norm_sums {
    op_expected dy, dy_xhat;
} norm_sums;

static size_t norm_bwd_shared(const op_desc *desc) {
    const norm_sets s = norm_sets_of(desc);
    return s.sets * (s.channels + s.groups) * sizeof(norm_sums) / sizeof(double);
}

static double norm_xhat(const op_values *values, size_t group, size_t i) {
    const double mean = (double)op_floats(values, NORM_BWD_MEAN)[group];
    return ((double)op_floats(values, NORM_BWD_X)[i] - mean) * (double)op_floats(values, NORM_BWD_INV_STD)[group];
}

static void norm_add_element(const op_values *values, size_t i, size_t group, double weight, norm_sums *of_channel,
                             norm_sums *of_group) {
    const double dy = (double)op_floats(values, NORM_BWD_DY)[i], xhat = norm_xhat(values, group, i);
    op_expected_add(&of_channel->dy, dy);
    op_expected_add(&of_channel->dy_xhat, dy * xhat);
    op_expected_add(&of_group->dy, dy * weight);
    op_expected_add(&of_group->dy_xhat, dy * xhat * weight);
}

/* A row of dy; where it is zero, nothing is added. */
static void norm_add_row(const op_values *values, const norm_sets *s, size_t set, size_t row, norm_sums *of_channels,
                         norm_sums *of_groups) {
    const float *weight = op_floats(values, NORM_BWD_WEIGHT);
    for (size_t g = 0, c = 0; g < s->groups; g++)
        for (const size_t end = c + s->group_channels; c < end; c++)
            norm_add_element(values, row * s->channels + c, set * s->groups + g, (double)weight[c], &of_channels[c],
                             &of_groups[g]);
}

static void norm_bwd_share(const op_values *values, double *shared) {
    const norm_sets s = norm_sets_of(values->desc);
    norm_sums *of_channels = (norm_sums *)shared, *of_groups = of_channels + s.sets * s.channels;
    for (size_t k = 0; k < s.sets * (s.channels + s.groups); k++) of_channels[k] = (norm_sums){{0, 0}, {0, 0}};
    norm_rows rows = {0, 0};
    for (size_t set = 0; set < s.sets; set++) {
        rows = norm_next_rows(values, &s, set, &rows);
        for (size_t i = 0; i < rows.count; i++)
            norm_add_row(values, &s, set, norm_row(values, &rows, i), of_channels + set * s.channels,
                         of_groups + set * s.groups);
    }
}

static void norm_add_scaled(op_expected *to, double factor, op_expected term) {
    to->value += factor * term.value;
    to->magnitude += fabs(factor) * term.magnitude;
}

/* Of the sums over a channel in each set. */
static op_expected norm_expect_parameter(const op_values *values, int output, size_t channel) {
    const norm_sets s = norm_sets_of(values->desc);
    const norm_sums *sums = (const norm_sums *)values->shared;
    op_expected sum = {0, 0};
    for (size_t set = 0; set < s.sets; set++) {
        const norm_sums *of_set = &sums[set * s.channels + channel];
        norm_add_scaled(&sum, 1, output == NORM_BWD_DBIAS ? of_set->dy : of_set->dy_xhat);
    }
    return sum;
}

static op_expected norm_bwd_expect(const op_values *values, int output, size_t i) {
    if (output != NORM_BWD_DX) return norm_expect_parameter(values, output, i);
    const norm_sets s = norm_sets_of(values->desc);
    const norm_place at = norm_place_of(&s, i);
    const norm_sums *group = (const norm_sums *)values->shared + s.sets * s.channels + at.group;
    const double inv_std = (double)op_floats(values, NORM_BWD_INV_STD)[at.group], population = norm_population(&s);
    op_expected dx = {0, 0};
    op_expected_add(&dx, inv_std * (double)op_floats(values, NORM_BWD_WEIGHT)[at.channel] *
                             (double)op_floats(values, NORM_BWD_DY)[i]);
    norm_add_scaled(&dx, -inv_std / population, group->dy);
    norm_add_scaled(&dx, -inv_std * norm_xhat(values, at.group, i) / population, group->dy_xhat);
    return dx;
}

#define NORM_OF_IMAGES                                                                                                 \
    .describe = norm_describe, .fields = norm_fields, .images = norm_images, .set_images = norm_set_images

#define NORM_FWD_OPERANDS                                                                                              \
    [NORM_FWD_X] = {"x", OPERAND_IN, DRAW_PIXELS}, [NORM_FWD_WEIGHT] = {"weight", OPERAND_IN, DRAW_NUMBERS},           \
    [NORM_FWD_BIAS] = {"bias", OPERAND_IN, DRAW_NUMBERS}, [NORM_FWD_Y] = {"y", OPERAND_OUT},                           \
    [NORM_FWD_MEAN] = {"mean", OPERAND_OUT}, [NORM_FWD_INV_STD] = {"inv_std", OPERAND_OUT}

#define NORM_FWD                                                                                                       \
    .activated = OP_ACTIVATED(norm, NORM_FWD_Y), .count = norm_fwd_count, .flops = norm_fwd_flops,                     \
    .terms = norm_fwd_terms, .grid = norm_grid, .shared = norm_fwd_shared, .share = norm_fwd_share,                    \
    .expect = norm_fwd_expect, NORM_OF_IMAGES

#define NORM_BWD                                                                                                       \
    .operand = {[NORM_BWD_DY] = {"dy", OPERAND_IN, DRAW_PIXELS},                                                       \
                [NORM_BWD_X] = {"x", OPERAND_IN, DRAW_NUMBERS},                                                        \
                [NORM_BWD_WEIGHT] = {"weight", OPERAND_IN, DRAW_NUMBERS},                                              \
                [NORM_BWD_MEAN] = {"mean", OPERAND_IN, DRAW_NUMBERS},                                                  \
                [NORM_BWD_INV_STD] = {"inv_std", OPERAND_IN, DRAW_NUMBERS},                                            \
                [NORM_BWD_DX] = {"dx", OPERAND_OUT},                                                                   \
                [NORM_BWD_DWEIGHT] = {"dweight", OPERAND_OUT},                                                         \
                [NORM_BWD_DBIAS] = {"dbias", OPERAND_OUT}},                                                            \
    .count = norm_bwd_count, .flops = norm_bwd_flops, .terms = norm_bwd_terms, .grid = norm_grid,                      \
    .shared = norm_bwd_shared, .share = norm_bwd_share, .expect = norm_bwd_expect, NORM_OF_IMAGES

const op_kind op_kind_batch_norm_train_fwd = {
    .name = "batch_norm_train_fwd",
    .operand = {NORM_FWD_OPERANDS, [NORM_FWD_RUNNING_MEAN] = {"running_mean", OPERAND_INOUT, DRAW_NUMBERS},
                [NORM_FWD_RUNNING_VAR] = {"running_var", OPERAND_INOUT, DRAW_SQUARES}},
    NORM_FWD,
};

const op_kind op_kind_batch_norm_eval_fwd = {
    .name = "batch_norm_eval_fwd",
    .operand = {[NORM_EVAL_X] = {"x", OPERAND_IN, DRAW_NUMBERS},
                [NORM_EVAL_WEIGHT] = {"weight", OPERAND_IN, DRAW_NUMBERS},
                [NORM_EVAL_BIAS] = {"bias", OPERAND_IN, DRAW_NUMBERS},
                [NORM_EVAL_RUNNING_MEAN] = {"running_mean", OPERAND_IN, DRAW_NUMBERS},
                [NORM_EVAL_RUNNING_VAR] = {"running_var", OPERAND_IN, DRAW_SQUARES},
                [NORM_EVAL_Y] = {"y", OPERAND_OUT}},
    .activated = OP_ACTIVATED(norm, NORM_EVAL_Y),
    .count = norm_eval_count,
    .flops = norm_eval_flops,
    .shared = norm_eval_shared,
    .share = norm_eval_share,
    .expect = norm_eval_expect,
    NORM_OF_IMAGES,
};

const op_kind op_kind_batch_norm_bwd = {.name = "batch_norm_bwd", NORM_BWD};

const op_kind op_kind_group_norm_fwd = {.name = "group_norm_fwd", .operand = {NORM_FWD_OPERANDS}, NORM_FWD};

const op_kind op_kind_group_norm_bwd = {.name = "group_norm_bwd", NORM_BWD};
