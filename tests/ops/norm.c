#include "op_harness.h"

#include <math.h>

static bool is_of_batch(op_id op) {
    return op == OP_batch_norm_train_fwd || op == OP_batch_norm_eval_fwd || op == OP_batch_norm_bwd;
}

static size_t any_divisor(size_t channels, test_random *random) {
    size_t groups = (size_t)random_int(random, 1, (int)channels);
    while (channels % groups != 0) groups--;
    return groups;
}

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    static const norm_desc fixed[] = {
        {.images = 5, .pixels = 49, .channels = 3, .groups = 3},
        {.images = 70, .pixels = 289, .channels = 12, .groups = 3},
        {.images = 60, .pixels = 56, .channels = 20, .groups = 5},
        {.images = 2, .pixels = 1, .channels = 5, .groups = 1},
        {.images = 3, .pixels = 576, .channels = 32, .groups = 8},
        {.images = 4, .pixels = 196, .channels = 64, .groups = 64},
        {.images = 1, .pixels = 10007, .channels = 1, .groups = 1},
        {.images = 2, .pixels = 9, .channels = 800, .groups = 1},
        {.images = 3, .pixels = 50, .channels = 17, .groups = 17},
        {.images = 40, .pixels = 5, .channels = 6, .groups = 2},
    };
    const size_t fixed_count = sizeof fixed / sizeof *fixed;
    norm_desc *d = &desc->norm;
    if (index < fixed_count)
        *d = fixed[index];
    else
        *d = (norm_desc){.images = random_int(random, 1, 6),
                         .pixels = random_int(random, 1, 300),
                         .channels = random_int(random, 1, 70)};
    if (index >= fixed_count) d->groups = any_divisor(d->channels, random);
    if (quick && d->pixels > 60) d->pixels = 60;
    if (quick && d->channels > 64) d->channels = d->groups = 64;
    if (is_of_batch(op) && d->images * d->pixels < 2) d->images = 2;
    if (op != OP_batch_norm_bwd && op != OP_group_norm_bwd && random_int(random, 0, 1)) d->activation = ACTIVATION_relu;
    d->epsilon = index % 2 ? 1e-5 : 1e-3;
    d->momentum = index % 3 ? 0.1 : 0.01;
}

/* Of mean 0, of a mean far from 0 by the channel's deviation, with channels that are constant, and with some whose
 * first elements are far from all others. */
static double *case_images(op_case *c, int operand, test_random *random) {
    const norm_desc *d = &c->desc.norm;
    const size_t count = d->images * d->pixels * d->channels;
    double *x = case_memory(count * sizeof *x);
    const double far = random_int(random, 0, 1) ? 1000 : 0;
    const int kind = random_int(random, 0, 4);
    enum { CONSTANT = 1, APART };
    for (size_t i = 0; i < count; i++) {
        const size_t channel = i % d->channels;
        x[i] = (channel % 2 ? far : -far) + (double)(channel % 3 + 1) * random_real(random);
        if (kind == CONSTANT && channel % 2) x[i] = 0.1 * (double)channel;
        if (kind == APART) x[i] = i / d->channels * 8 < count / d->channels ? 1e4 + x[i] : 1e-3 * random_real(random);
    }
    return case_values(c, operand, count, x);
}

static double *case_positive(op_case *c, int operand, size_t count, test_random *random) {
    double *values = case_memory(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = 0.1 + fabs(random_real(random));
    return case_values(c, operand, count, values);
}

static size_t elements(const norm_desc *d) {
    return d->images * d->pixels * d->channels;
}

/* Numbers of means, and of the values that share one. */
static size_t statistics(const op_desc *desc) {
    return is_of_batch(desc->op) ? desc->norm.channels : desc->norm.images * desc->norm.groups;
}

static double population(const op_desc *desc) {
    return (double)elements(&desc->norm) / (double)statistics(desc);
}

static void fill_train(op_case *c, const double *x, const double *weight, const double *bias, reference_output y,
                       reference_output mean, reference_output inv_std, test_random *random) {
    const norm_desc *d = &c->desc.norm;
    const double *running_mean = case_random(c, NORM_FWD_RUNNING_MEAN, d->channels, 1, random);
    const double *running_var = case_positive(c, NORM_FWD_RUNNING_VAR, d->channels, random);
    reference_output new_mean = case_output(c, NORM_FWD_RUNNING_MEAN, d->channels, population(&c->desc));
    reference_output new_var = case_output(c, NORM_FWD_RUNNING_VAR, d->channels, population(&c->desc));
    reference_batch_norm_train_fwd(d, x, weight, bias, running_mean, running_var, y, mean, inv_std, new_mean, new_var);
}

static bool fill_fwd(op_case *c, test_random *random) {
    const norm_desc *d = &c->desc.norm;
    if (c->integers) return false;
    const double *x = case_images(c, NORM_FWD_X, random);
    const double *weight = case_random(c, NORM_FWD_WEIGHT, d->channels, 1, random);
    const double *bias = case_random(c, NORM_FWD_BIAS, d->channels, 1, random);
    reference_output y = case_output(c, NORM_FWD_Y, elements(d), population(&c->desc));
    reference_output mean = case_output(c, NORM_FWD_MEAN, statistics(&c->desc), population(&c->desc));
    reference_output inv_std = case_output(c, NORM_FWD_INV_STD, statistics(&c->desc), population(&c->desc));
    c->operand[NORM_FWD_Y].in_place = random_int(random, 0, 1);
    if (c->desc.op == OP_batch_norm_train_fwd)
        fill_train(c, x, weight, bias, y, mean, inv_std, random);
    else
        reference_norm_fwd(d, false, x, weight, bias, y, mean, inv_std, NULL);
    return true;
}

static bool fill_eval(op_case *c, test_random *random) {
    const norm_desc *d = &c->desc.norm;
    if (c->integers) return false;
    const double *x = case_images(c, NORM_EVAL_X, random);
    const double *weight = case_random(c, NORM_EVAL_WEIGHT, d->channels, 1, random);
    const double *bias = case_random(c, NORM_EVAL_BIAS, d->channels, 1, random);
    const double *mean = case_random(c, NORM_EVAL_RUNNING_MEAN, d->channels, 1, random);
    const double *var = case_positive(c, NORM_EVAL_RUNNING_VAR, d->channels, random);
    c->operand[NORM_EVAL_Y].in_place = random_int(random, 0, 1);
    reference_batch_norm_eval_fwd(d, x, weight, bias, mean, var, case_output(c, NORM_EVAL_Y, elements(d), 1));
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const norm_desc *d = &c->desc.norm;
    if (c->integers) return false;
    const size_t of_parameter = d->images * d->pixels;
    const double *dy = case_random(c, NORM_BWD_DY, elements(d), 1, random);
    const double *x = case_images(c, NORM_BWD_X, random);
    const double *weight = case_random(c, NORM_BWD_WEIGHT, d->channels, 1, random);
    const double *mean = case_random(c, NORM_BWD_MEAN, statistics(&c->desc), 1000, random);
    const double *inv_std = case_positive(c, NORM_BWD_INV_STD, statistics(&c->desc), random);
    reference_output dx = case_output(c, NORM_BWD_DX, elements(d), population(&c->desc));
    reference_output dweight = case_output(c, NORM_BWD_DWEIGHT, d->channels, (double)of_parameter);
    reference_output dbias = case_output(c, NORM_BWD_DBIAS, d->channels, (double)of_parameter);
    c->operand[NORM_BWD_DX].in_place = random_int(random, 0, 1);
    reference_norm_bwd(d, is_of_batch(c->desc.op), dy, x, weight, mean, inv_std, dx, dweight, dbias);
    return true;
}

const op_suite suite_batch_norm_train_fwd = {OP_batch_norm_train_fwd, 10, describe, fill_fwd, .only_real = true};
const op_suite suite_batch_norm_eval_fwd = {OP_batch_norm_eval_fwd, 10, describe, fill_eval, .only_real = true};
const op_suite suite_batch_norm_bwd = {OP_batch_norm_bwd, 10, describe, fill_bwd, .only_real = true};
const op_suite suite_group_norm_fwd = {OP_group_norm_fwd, 10, describe, fill_fwd, .only_real = true};
const op_suite suite_group_norm_bwd = {OP_group_norm_bwd, 10, describe, fill_bwd, .only_real = true};
