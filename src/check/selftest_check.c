#include "check/selftest_check.h"

#include "check/selftest_positions.h"
#include "ops/conv.h"

#include <float.h>
#include <math.h>

/* What element i of an output must be, and sum|a||b| behind it. */
typedef void (*expect_fn)(const selftest_trial *trial, int operand, size_t i, double *value, double *magnitude);

void selftest_check_element(selftest_check *check, float got, double value, double magnitude) {
    const double sums = FLT_EPSILON * (8 + sqrt(check->terms)) * magnitude;
    const double bound = sums + (check->is_mixed ? check->products * magnitude : 0) + FLT_MIN;
    const double error = isfinite(got) ? fabs(got - value) : INFINITY;
    if (error / bound > check->worst && !(check->is_mixed && check->mixing > 0)) check->worst = error / bound;
    if (error > check->largest_error) check->largest_error = error;
    if (bound > check->largest_bound) check->largest_bound = bound;
}

static void begin_output(selftest_check *check, double terms, bool is_mixed) {
    check->terms = terms;
    check->is_mixed = is_mixed;
    check->largest_error = check->largest_bound = 0;
}

static void end_output(selftest_check *check) {
    if (!check->is_mixed || check->mixing == 0 || check->largest_bound == 0) return;
    const double share = check->largest_error / (check->mixing * check->largest_bound);
    if (share > check->worst) check->worst = share;
}

static void expect_bias(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const double y = (double)selftest_operand(t, operand)[i];
    const double bias = (double)selftest_operand(t, BIAS_BIAS)[i % t->desc.bias.channels];
    *value = y + bias;
    *magnitude = fabs(y) + fabs(bias);
}

/* Exact, as every operation is that only chooses. */
static void expect_relu_fwd(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const double x = (double)selftest_operand(t, RELU_FWD_X)[i];
    (void)operand;
    *value = x < 0 ? 0 : x;
    *magnitude = 0;
}

static void expect_relu_bwd(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    *value = selftest_operand(t, RELU_BWD_Y)[i] <= 0 ? 0 : (double)selftest_operand(t, operand)[i];
    *magnitude = 0;
}

static void expect_load_batch(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const load_batch_desc *d = &t->desc.load_batch;
    const uint32_t *indices = (const uint32_t *)(const void *)selftest_operand(t, LOAD_BATCH_INDICES);
    const size_t from =
        indices[t->args.load_batch.first + i / d->image_elements] * d->image_elements + i % d->image_elements;
    const float *floats = selftest_operand(t, LOAD_BATCH_ELEMENTS);
    const double element = d->from_float ? (double)floats[from] : ((const uint8_t *)(const void *)floats)[from];
    (void)operand;
    *value = element * (double)d->scale + (double)d->shift;
    *magnitude = fabs(element * (double)d->scale) + fabs((double)d->shift);
}

static void expect_dy(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const double scale = (double)t->desc.loss.scale;
    const double y = (double)selftest_operand(t, LOSS_Y)[i], target = (double)selftest_operand(t, LOSS_TARGET)[i];
    (void)operand;
    *value = scale * (y - target);
    *magnitude = fabs(scale * (y - target));
}

static void expect_loss(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const float *y = selftest_operand(t, LOSS_Y), *target = selftest_operand(t, LOSS_TARGET);
    double sum = 0;
    (void)operand;
    (void)i;
    for (size_t j = 0; j < t->pixel_count; j++) {
        const double error = (double)y[t->pixels[j]] - (double)target[t->pixels[j]];
        sum += error * error;
    }
    *value = *magnitude = 0.5 * (double)t->desc.loss.scale * sum;
}

static void expect_adam(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const adam_desc *d = &t->desc.adam;
    const double p = (double)selftest_operand(t, ADAM_PARAMETERS)[i],
                 g = (double)selftest_operand(t, ADAM_GRADIENTS)[i];
    const double old_m = d->beta1 * (double)selftest_operand(t, ADAM_M)[i], new_m = (1 - d->beta1) * g;
    const double v = d->beta2 * (double)selftest_operand(t, ADAM_V)[i] + (1 - d->beta2) * g * g;
    const double rate = (double)t->args.adam.step_size / (sqrt(v) / (double)t->args.adam.sqrt_correction2 + d->epsilon);
    *value = operand == ADAM_M ? old_m + new_m : operand == ADAM_V ? v : p - rate * (old_m + new_m);
    *magnitude = operand == ADAM_V ? v : fabs(old_m) + fabs(new_m);
    if (operand == ADAM_PARAMETERS) *magnitude = fabs(p) + rate * *magnitude;
}

static void expect_reduce_sum(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const float *x = selftest_operand(t, REDUCE_SUM_X);
    (void)operand;
    *value = *magnitude = 0;
    for (size_t j = 0; j < t->pixel_count; j++) {
        const double element = (double)x[t->pixels[j] * t->desc.reduce_sum.columns + i];
        *value += element;
        *magnitude += fabs(element);
    }
}

static void expect_gemm(const selftest_trial *t, int operand, size_t i, double *value, double *magnitude) {
    const gemm_desc *d = &t->desc.gemm;
    const float *a = selftest_operand(t, GEMM_A), *b = selftest_operand(t, GEMM_B);
    const size_t row = i / d->n, column = i % d->n;
    (void)operand;
    *value = *magnitude = 0;
    for (size_t k = 0; k < d->k; k++) {
        const double product = (double)d->alpha * (double)a[d->transpose_a ? k * d->m + row : row * d->k + k] *
                               (double)b[d->transpose_b ? column * d->k + k : k * d->n + column];
        *value += product;
        *magnitude += fabs(product);
    }
}

/* Every element of the parts that are looked at. */
static clae_status check_elements(selftest_check *check, int operand, expect_fn expect) {
    selftest_trial *t = check->trial;
    const selftest_parts parts = selftest_parts_of(&t->desc, operand);
    for (size_t j = 0; j < selftest_looked_at(&parts); j++) {
        selftest_part_got part;
        const clae_status status = selftest_trial_fetch_part(t, operand, j, &part);
        if (status != CLAE_OK) return status;
        for (size_t i = 0; i < part.count; i++) {
            double value, magnitude;
            expect(t, operand, part.first + i, &value, &magnitude);
            selftest_check_element(check, part.got[i], value, magnitude);
        }
    }
    return CLAE_OK;
}

/* Terms of the sums; 1 for what is none. */
static double terms_of(const selftest_trial *t, int operand) {
    const op_desc *desc = &t->desc;
    const conv_geometry *g = &desc->conv.g;
    if (t->pixel_count && !(desc->op == OP_loss && operand == LOSS_DY)) return (double)t->pixel_count;
    if (desc->op == OP_gemm) return (double)desc->gemm.k;
    if (!op_is_conv(desc->op)) return 1;
    return (double)g->kh * g->kw * (conv_kernel_of(desc->op) == CONV_GATHER ? g->wide_c : g->narrow_c);
}

static expect_fn expect_of(op_id op, int operand) {
    static const expect_fn functions[OP_COUNT] = {
        [OP_bias] = expect_bias,
        [OP_relu_fwd] = expect_relu_fwd,
        [OP_relu_bwd] = expect_relu_bwd,
        [OP_loss] = expect_dy,
        [OP_adam] = expect_adam,
        [OP_load_batch] = expect_load_batch,
        [OP_reduce_sum] = expect_reduce_sum,
        [OP_gemm] = expect_gemm,
    };
    return op == OP_loss && operand == LOSS_LOSSES ? expect_loss : functions[op];
}

static clae_status check_output(selftest_check *check, int operand) {
    const op_desc *desc = &check->trial->desc;
    const bool is_filter = op_is_conv(desc->op) && conv_kernel_of(desc->op) == CONV_FILTER;
    const bool is_dbias = is_filter && operand == CONV_BWD_WEIGHTS_DBIAS; /* a sum, whatever makes dweight */
    begin_output(check, terms_of(check->trial, operand), !is_dbias);
    clae_status status;
    if (is_filter)
        status = selftest_check_filter(check, operand);
    else if (op_is_conv(desc->op))
        status = selftest_check_conv(check, operand);
    else
        status = check_elements(check, operand, expect_of(desc->op, operand));
    end_output(check);
    return status;
}

clae_status selftest_check_outputs(selftest_trial *trial, const op_instance *instance, double *worst) {
    selftest_check check = {.trial = trial,
                            .mixing = instance->impl->mixing,
                            .products = instance->arithmetic == OP_TF32 ? TF32_PRODUCT_ERROR : 0};
    clae_status status = CLAE_OK;
    bool untouched = true;
    for (int k = 0; k < OP_MAX_OPERANDS && status == CLAE_OK; k++)
        if (trial->place[k].floats && op_operand_is_output(trial->desc.op, k)) status = check_output(&check, k);
    if (status == CLAE_OK) status = selftest_trial_check_ends(trial, &untouched);
    *worst = untouched ? check.worst : INFINITY;
    return status;
}
