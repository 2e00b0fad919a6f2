#include "ops/update.h"
#include "ops/formula_double.h"
#include "ops/op_kind.h"

#include <stdio.h>
#include <string.h>

#define OPTIMISER(stem, state0, state1, flops_each, rates_of_step, step)                                               \
    static void update_step_##stem(double *p_, double g, double *state, const float *rates) {                          \
        const double r0 = rates[0], r1 = rates[1], r2 = rates[2], r3 = rates[3], r4 = rates[4], r5 = rates[5],         \
                     r6 = rates[6], r7 = rates[7];                                                                     \
        double p = *p_, s0 = state[0], s1 = state[1];                                                                  \
        (void)r0, (void)r1, (void)r2, (void)r3, (void)r4, (void)r5, (void)r6, (void)r7;                                \
        step *p_ = p;                                                                                                  \
        state[0] = s0;                                                                                                 \
        state[1] = s1;                                                                                                 \
    }
#include "ops/optimisers.def"
#undef OPTIMISER

static const update_kind kinds[OPTIMISER_COUNT] = {
#define OPTIMISER(stem, state0, state1, flops_each, values, step)                                                      \
    [OPTIMISER_##stem] = {#stem, {state0, state1}, flops_each},
#include "ops/optimisers.def"
#undef OPTIMISER
};

static void (*const steps[OPTIMISER_COUNT])(double *, double, double *, const float *) = {
#define OPTIMISER(stem, state0, state1, flops_each, values, step) [OPTIMISER_##stem] = update_step_##stem,
#include "ops/optimisers.def"
#undef OPTIMISER
};

const update_kind *update_kind_of(optimiser_id optimiser) {
    return &kinds[optimiser];
}

optimiser_id update_find(const char *name) {
    int found = 0;
    while (found < OPTIMISER_COUNT && strcmp(kinds[found].name, name) != 0) found++;
    return (optimiser_id)found;
}

size_t update_state_count(optimiser_id optimiser) {
    size_t count = 0;
    while (count < UPDATE_MAX_STATES && kinds[optimiser].state[count]) count++;
    return count;
}

bool update_state_is_square(optimiser_id optimiser, size_t state) {
    return strcmp(kinds[optimiser].state[state], "v") == 0;
}

void update_state_prefix(optimiser_id optimiser, size_t state, char text[UPDATE_PREFIX_BYTES]) {
    snprintf(text, UPDATE_PREFIX_BYTES, "%s.%s.", kinds[optimiser].name, kinds[optimiser].state[state]);
}

static size_t update_count(const op_desc *desc, int operand) {
    const bool is_absent =
        operand >= UPDATE_STATE && (size_t)(operand - UPDATE_STATE) >= update_state_count(desc->update.optimiser);
    return is_absent ? 0 : desc->update.count;
}

static double update_flops(const op_desc *desc) {
    return kinds[desc->update.optimiser].flops * (double)desc->update.count;
}

static const op_field update_fields[] = {OP_FIELD(OPTIMISER, update, optimiser), OP_FIELD(SIZE, update, count), {0}};

static void update_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%s %zu", kinds[desc->update.optimiser].name, desc->update.count);
}

static size_t update_images(const op_desc *desc) {
    return desc->update.count;
}

static void update_set_images(op_desc *desc, size_t images) {
    desc->update.count = images;
}

/* Of the size of Adam's in its first step; what the others make of them is as good as any. */
static op_step update_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.rates = {1e-2f, 3e-2f, 0.9f, 0.1f, 0.999f, 1e-3f, 1e-8f, 0.5f}};
}

/* The result of a step, of one operand. With `absolute` all terms add up. */
static double update_result(const op_values *values, int output, size_t i, bool absolute) {
    const optimiser_id optimiser = values->desc->update.optimiser;
    double p = (double)op_floats(values, UPDATE_PARAMETERS)[i], g = (double)op_floats(values, UPDATE_GRADIENTS)[i];
    double state[UPDATE_MAX_STATES] = {0};
    const size_t states = update_state_count(optimiser);
    for (size_t k = 0; k < states; k++) state[k] = (double)op_floats(values, UPDATE_STATE + (int)k)[i];
    if (absolute) {
        p = fabs(p), g = fabs(g);
        for (size_t k = 0; k < UPDATE_MAX_STATES; k++) state[k] = fabs(state[k]);
    }
    const double before = p;
    steps[optimiser](&p, g, state, values->step->rates);
    if (output != UPDATE_PARAMETERS) return state[output - UPDATE_STATE];
    return absolute ? before + fabs(p - before) : p;
}

static op_expected update_expect(const op_values *values, int output, size_t i) {
    return (op_expected){update_result(values, output, i, false), fabs(update_result(values, output, i, true))};
}

const op_kind op_kind_update = {
    .name = "update",
    .operand = {[UPDATE_PARAMETERS] = {"parameters", OPERAND_INOUT, DRAW_WEIGHTS},
                [UPDATE_GRADIENTS] = {"gradients", OPERAND_IN, DRAW_GRADIENTS},
                [UPDATE_STATE] = {"state 0", OPERAND_INOUT, DRAW_GRADIENTS},
                [UPDATE_STATE + 1] = {"state 1", OPERAND_INOUT, DRAW_SQUARES}},
    .count = update_count,
    .flops = update_flops,
    .describe = update_describe,
    .fields = update_fields,
    .images = update_images,
    .set_images = update_set_images,
    .trial_step = update_trial_step,
    .expect = update_expect,
};
