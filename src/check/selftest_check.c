#include "check/selftest_check.h"

#include "ops/conv.h"
#include "ops/op_kind.h"

#include <float.h>
#include <math.h>

void selftest_check_element(selftest_check *check, float got, double value, double magnitude) {
    const double bound = check->factor * magnitude + FLT_MIN;
    const double error = isfinite(got) ? fabs(got - value) : INFINITY;
    if (error > check->worst * bound && !(check->is_mixed && check->mixing > 0)) check->worst = error / bound;
    if (error > check->largest_error) check->largest_error = error;
    if (bound > check->largest_bound) check->largest_bound = bound;
}

static void begin_output(selftest_check *check, double terms, bool is_mixed) {
    check->is_mixed = is_mixed;
    check->factor = FLT_EPSILON * (8 + sqrt(terms)) + (is_mixed ? check->products : 0);
    check->largest_error = check->largest_bound = 0;
}

static void end_output(selftest_check *check) {
    if (!check->is_mixed || check->mixing == 0 || check->largest_bound == 0) return;
    const double share = check->largest_error / (check->mixing * check->largest_bound);
    if (share > check->worst) check->worst = share;
}

static op_values values_of(const selftest_trial *t) {
    op_values values = {.desc = &t->desc,
                        .step = &t->args.step,
                        .pixels = t->pixel_count ? t->pixels : NULL,
                        .pixel_count = t->pixel_count};
    for (int k = 0; k < OP_MAX_OPERANDS; k++)
        if (t->place[k].floats) values.data[k] = selftest_operand(t, k);
    return values;
}

/* Every element of the parts that are looked at. */
static clae_status check_elements(selftest_check *check, const op_values *values, int operand) {
    selftest_trial *t = check->trial;
    const op_kind *kind = op_kind_of(t->desc.op);
    selftest_got got;
    const clae_status status = selftest_trial_fetch(t, operand, &got);
    if (status != CLAE_OK) return status;
    for (const selftest_part_got *part = got.part; part < got.part + got.count; part++)
        for (size_t i = 0; i < part->count; i++) {
            const op_expected expected = kind->expect(values, operand, part->first + i);
            selftest_check_element(check, part->got[i], expected.value, expected.magnitude);
        }
    return CLAE_OK;
}

/* Of the sums, where what is zero does not count. */
static double terms_of(const selftest_trial *t, int operand) {
    const double terms = op_terms(&t->desc, operand);
    return t->pixel_count ? fmin(terms, (double)t->pixel_count) : terms;
}

static clae_status check_output(selftest_check *check, const op_values *values, int operand) {
    const op_desc *desc = &check->trial->desc;
    const bool is_wgrad = op_is_conv(desc->op) && conv_kernel_of(desc->op) == CONV_WGRAD;
    const bool is_dbias = is_wgrad && operand == CONV_BWD_WEIGHTS_DBIAS; /* a sum, whatever makes dweight */
    begin_output(check, terms_of(check->trial, operand), !is_dbias);
    clae_status status;
    if (is_wgrad)
        status = selftest_check_wgrad(check, operand);
    else if (op_is_conv(desc->op))
        status = selftest_check_conv(check, operand);
    else
        status = check_elements(check, values, operand);
    end_output(check);
    return status;
}

clae_status selftest_check_outputs(selftest_trial *trial, const op_instance *instance, double *worst) {
    selftest_check check = {.trial = trial,
                            .mixing = instance->impl->mixing,
                            .products = instance->arithmetic == OP_TF32 ? TF32_PRODUCT_ERROR : 0};
    bool untouched = true;
    op_values values = values_of(trial);
    clae_status status = op_values_share(trial->device->context, "the self-test", &values);
    for (int k = 0; k < OP_MAX_OPERANDS && status == CLAE_OK; k++)
        if (trial->place[k].floats && op_operand_is_output(trial->desc.op, k))
            status = check_output(&check, &values, k);
    op_values_free(&values);
    if (status == CLAE_OK) status = selftest_trial_check_ends(trial, &untouched);
    *worst = untouched ? check.worst : INFINITY;
    return status;
}
