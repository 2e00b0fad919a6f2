#include "train/optimiser.h"

#include "train/schedule.h"

#include <math.h>
#include <string.h>

#define RATES(...)                                                                                                     \
    { __VA_ARGS__ }
#define OPTIMISER(stem, state0, state1, flops, values, step)                                                           \
    static void optimiser_##stem(const clae_settings *s, double lr, double t, float *rates) {                          \
        const double all[OP_MAX_RATES] = values;                                                                       \
        (void)s, (void)t;                                                                                              \
        for (int i = 0; i < OP_MAX_RATES; i++) rates[i] = (float)all[i];                                               \
    }
#include "ops/optimisers.def"
#undef OPTIMISER

optimiser_id optimiser_of(const clae_settings *settings) {
    return update_find(settings->optimiser);
}

void optimiser_rates(const clae_settings *settings, uint64_t step, float rates[OP_MAX_RATES]) {
    static void (*const of[OPTIMISER_COUNT])(const clae_settings *, double, double, float *) = {
#define OPTIMISER(stem, state0, state1, flops, values, step) [OPTIMISER_##stem] = optimiser_##stem,
#include "ops/optimisers.def"
#undef OPTIMISER
    };
    of[optimiser_of(settings)](settings, schedule_rate(settings, step), (double)step + 1, rates);
}

/* The rates are all that an optimiser knows of the settings. */
clae_status optimiser_check(const clae_context *context, const clae_settings *settings) {
    clae_settings without = *settings;
    float rates[OP_MAX_RATES], others[OP_MAX_RATES];
    without.weight_decay = 0;
    optimiser_rates(settings, 0, rates);
    optimiser_rates(&without, 0, others);
    if (settings->weight_decay == 0 || memcmp(rates, others, sizeof rates) != 0) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "weight decay %g: %s has none; take adamw or sgd", settings->weight_decay,
                settings->optimiser);
}
