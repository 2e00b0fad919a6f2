#include "op_harness.h"

#include "ops/update.h"

#include <math.h>

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    static const size_t fixed[] = {112457, 1, 33};
    size_t count = index < 3 * OPTIMISER_COUNT ? fixed[index / OPTIMISER_COUNT] : (size_t)random_int(random, 1, 3000);
    if (quick && count > 1000) count = 1000;
    desc->update = (update_desc){(optimiser_id)(index % OPTIMISER_COUNT), count};
}

/* As optimisers have them: a rate, a correction, two shares that add up to 1, twice, and an epsilon. */
static void draw_rates(test_random *random, float rates[OP_MAX_RATES]) {
    const double beta1 = random_int(random, 0, 1) ? 0.9 : 0.5, beta2 = random_int(random, 0, 1) ? 0.999 : 0.9;
    const double all[OP_MAX_RATES] = {
        pow(10, -random_int(random, 1, 5)),     random_int(random, 3, 100) / 100.0, beta1, 1 - beta1, beta2, 1 - beta2,
        random_int(random, 0, 1) ? 1e-8 : 1e-3, random_int(random, 0, 100) / 100.0};
    for (int i = 0; i < OP_MAX_RATES; i++) rates[i] = (float)all[i];
}

/* Gradients of all sizes, some of them zero; the last state may be one of squares, which are never negative. */
static bool fill(op_case *c, test_random *random) {
    if (c->integers) return false;
    const update_desc *d = &c->desc.update;
    draw_rates(random, c->args.step.rates);
    double *gradients = case_memory(d->count * sizeof(double)), *squares = case_memory(d->count * sizeof(double));
    double rates[OP_MAX_RATES];
    for (size_t i = 0; i < OP_MAX_RATES; i++) rates[i] = (double)c->args.step.rates[i];
    for (size_t i = 0; i < d->count; i++) {
        const double scale = pow(10, -random_int(random, 0, 6));
        gradients[i] = random_int(random, 0, 9) ? scale * random_real(random) : 0;
        squares[i] = random_int(random, 0, 9) ? scale * scale * fabs(random_real(random)) : 0;
    }
    const double *before[1 + UPDATE_MAX_STATES] = {case_random(c, UPDATE_PARAMETERS, d->count, 0.1, random)};
    const int operands[] = {UPDATE_PARAMETERS, UPDATE_STATE, UPDATE_STATE + 1};
    reference_output after[1 + UPDATE_MAX_STATES] = {{0}};
    const size_t states = update_state_count(d->optimiser);
    if (states > 0) before[1] = case_random(c, UPDATE_STATE, d->count, 0.01, random);
    if (states > 1) before[2] = case_values(c, UPDATE_STATE + 1, d->count, squares);
    gradients = case_values(c, UPDATE_GRADIENTS, d->count, gradients);
    for (size_t k = 0; k < 1 + states; k++) {
        after[k] = case_output(c, operands[k], d->count, 1);
        for (size_t i = 0; i < d->count; i++) after[k].value[i] = before[k][i];
    }
    reference_update(d, rates, gradients, after[0], after + 1);
    return true;
}

const op_suite suite_update = {OP_update, 3 * OPTIMISER_COUNT, describe, fill, .only_real = true};
