#include "train/optimiser.h"

#include "train/schedule.h"

#include <math.h>

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
