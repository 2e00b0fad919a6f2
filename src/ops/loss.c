#include "ops/loss.h"
#include "ops/formula_double.h"
#include "ops/op_kind.h"

#include <stdio.h>
#include <string.h>

static size_t loss_count(const op_desc *desc, int operand) {
    if (operand == LOSS_LOSSES) return 1;
    return operand == LOSS_DY && !desc->loss.with_gradient ? 0 : desc->loss.count;
}

static double loss_flops(const op_desc *desc) {
    return (desc->loss.with_gradient ? 4.0 : 3.0) * (double)desc->loss.count;
}

static double loss_terms(const op_desc *desc, int output) {
    return output == LOSS_LOSSES ? (double)desc->loss.count : 1;
}

static const op_field loss_fields[] = {
    OP_FIELD(LOSS, loss, loss), OP_FIELD(SIZE, loss, count), OP_FIELD(FLAG, loss, with_gradient), {0}};

static void loss_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%s %zu%s", loss_name(desc->loss.loss), desc->loss.count,
             desc->loss.with_gradient ? " +gradient" : "");
}

static size_t loss_images(const op_desc *desc) {
    return desc->loss.count;
}

static void loss_set_images(op_desc *desc, size_t images) {
    desc->loss.count = images;
}

#define LOSS_PIXELS 4096

static op_grid loss_grid(const op_desc *desc) {
    return (op_grid){1, 1, desc->loss.count, 1, LOSS_PIXELS};
}

typedef struct loss_kind {
    const char *name;
    double factor;
    double (*add)(double y, double t, double sum);
    double (*gradient)(double y, double t);
    double (*magnitude)(double y, double t); /* of the gradient's terms, which may cancel */
} loss_kind;

#define LOSS(stem, sum_with_term, factor_each, gradient_each)                                                          \
    static double loss_add_##stem(double y, double t, double sum) {                                                    \
        const double d = y - t;                                                                                        \
        (void)d;                                                                                                       \
        return sum_with_term;                                                                                          \
    }                                                                                                                  \
    static double loss_gradient_##stem(double y, double t) {                                                           \
        const double d = y - t;                                                                                        \
        (void)d, (void)y, (void)t;                                                                                     \
        return gradient_each;                                                                                          \
    }
#include "ops/losses.def"
#undef LOSS

#undef SUM
#define SUM(a, b) (fabs(a) + fabs(b))
#define LOSS(stem, sum_with_term, factor_each, gradient_each)                                                          \
    static double loss_magnitude_##stem(double y, double t) {                                                          \
        const double d = y - t;                                                                                        \
        (void)d, (void)y, (void)t;                                                                                     \
        return fabs(gradient_each);                                                                                    \
    }
#include "ops/losses.def"
#undef LOSS

static const loss_kind kinds[LOSS_COUNT] = {
#define LOSS(stem, sum_with_term, factor_each, gradient_each)                                                          \
    [LOSS_##stem] = {#stem, factor_each, loss_add_##stem, loss_gradient_##stem, loss_magnitude_##stem},
#include "ops/losses.def"
#undef LOSS
};

const char *loss_name(loss_id loss) {
    return loss == LOSS_ssim ? "ssim" : kinds[loss].name;
}

loss_id loss_find(const char *name) {
    int found = 0;
    while (found < LOSS_END && strcmp(loss_name((loss_id)found), name) != 0) found++;
    return (loss_id)found;
}

bool loss_is_of_logits(loss_id loss) {
    return loss == LOSS_bce;
}

bool loss_is_of_pixels(loss_id loss) {
    return loss == LOSS_bce || loss == LOSS_ssim;
}

double loss_factor(loss_id loss) {
    return kinds[loss].factor;
}

double loss_term(loss_id loss, double y, double t) {
    return kinds[loss].factor * kinds[loss].add(y, t, 0);
}

/* Where output and target are equal, most losses have nothing to add. */
static op_expected loss_expect_sum(const op_values *values) {
    const loss_desc *d = &values->desc->loss;
    const bool few = values->pixels && loss_term(d->loss, 0, 0) == 0;
    const size_t count = few ? values->pixel_count : d->count;
    op_expected sum = {0};
    for (size_t j = 0; j < count; j++) {
        const size_t i = few ? values->pixels[j] : j;
        op_expected_add(&sum, (double)d->scale * loss_term(d->loss, (double)op_floats(values, LOSS_Y)[i],
                                                           (double)op_floats(values, LOSS_TARGET)[i]));
    }
    return sum;
}

static op_expected loss_expect(const op_values *values, int output, size_t i) {
    const loss_desc *d = &values->desc->loss;
    if (output == LOSS_LOSSES) return loss_expect_sum(values);
    const double y = (double)op_floats(values, LOSS_Y)[i], t = (double)op_floats(values, LOSS_TARGET)[i];
    return (op_expected){(double)d->scale * kinds[d->loss].gradient(y, t),
                         (double)d->scale * kinds[d->loss].magnitude(y, t)};
}

static op_step loss_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.slot = 1};
}

const op_kind op_kind_loss = {
    .name = "loss",
    .operand = {[LOSS_Y] = {"y", OPERAND_IN, DRAW_NUMBERS},
                [LOSS_TARGET] = {"target", OPERAND_IN, DRAW_TARGET},
                [LOSS_LOSSES] = {"losses", OPERAND_OUT, .in_slot = true},
                [LOSS_DY] = {"dy", OPERAND_OUT}},
    .count = loss_count,
    .flops = loss_flops,
    .terms = loss_terms,
    .describe = loss_describe,
    .fields = loss_fields,
    .images = loss_images,
    .set_images = loss_set_images,
    .grid = loss_grid,
    .trial_step = loss_trial_step,
    .expect = loss_expect,
};
