#include "train/optimiser.h"

#include "base/memory.h"
#include "train/micro_batch.h"
#include "train/schedule.h"

#include <math.h>
#include <stdio.h>
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

training_update optimiser_update_of(const clae_settings *settings) {
    return (training_update){.optimiser = optimiser_of(settings),
                             .clip_norm = settings->clip_norm,
                             .averages = settings->ema > 0,
                             .accumulates = micro_batch_images(settings) < settings->batch_size};
}

void optimiser_rates(const clae_settings *settings, uint64_t step, float rates[OP_MAX_RATES]) {
    static void (*const of[OPTIMISER_COUNT])(const clae_settings *, double, double, float *) = {
#define OPTIMISER(stem, state0, state1, flops, values, step) [OPTIMISER_##stem] = optimiser_##stem,
#include "ops/optimisers.def"
#undef OPTIMISER
    };
    of[optimiser_of(settings)](settings, schedule_rate(settings, step), (double)step + 1, rates);
}

void optimiser_complete(clae_settings *settings) {
#define OPTIMISER_DEFAULT(stem, field, value)                                                                          \
    if (optimiser_of(settings) == OPTIMISER_##stem && !(settings->given & SETTING_BIT(field))) {                       \
        settings->field = value;                                                                                       \
        settings->given |= SETTING_BIT(field);                                                                         \
    }
#include "train/optimiser_defaults.def"
#undef OPTIMISER_DEFAULT
}

/* The settings that optimisers have. */
static const int optimiser_settings[] = {SETTING_INDEX_weight_decay, SETTING_INDEX_momentum, SETTING_INDEX_nesterov,
                                         SETTING_INDEX_beta1, SETTING_INDEX_beta2};

/* The rates are all that an optimiser knows of the settings. */
static bool heeds(const char *optimiser, const setting *row, const clae_settings *settings,
                  const clae_settings *defaults) {
    clae_settings with = *settings, without = *settings;
    float rates[OP_MAX_RATES], others[OP_MAX_RATES];
    with.optimiser = without.optimiser = optimiser;
    setting_copy(row, defaults, &without);
    optimiser_rates(&with, 0, rates);
    optimiser_rates(&without, 0, others);
    return memcmp(rates, others, sizeof rates) != 0;
}

static clae_status refuse_setting(const clae_context *context, const setting *row, const clae_settings *settings,
                                  const clae_settings *defaults) {
    char names[128] = "", number[DECIMAL_BYTES];
    for (int i = 0; i < OPTIMISER_COUNT; i++) {
        const char *name = update_kind_of((optimiser_id)i)->name;
        const size_t used = strlen(names);
        if (heeds(name, row, settings, defaults))
            snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", name);
    }
    const bool is_flag = row->kind == CLAE_SETTING_FLAG;
    return fail(context, CLAE_ERROR_INPUT, "%s%s%s: %s has none; those that have it: %s", row->name, is_flag ? "" : " ",
                is_flag ? "" : setting_text(row, settings, number), settings->optimiser, names);
}

clae_status optimiser_check(const clae_context *context, const clae_settings *settings) {
    const clae_settings defaults = settings_defaults(context);
    for (size_t i = 0; i < ARRAY_LENGTH(optimiser_settings); i++) {
        const setting *row = &settings_table[optimiser_settings[i]];
        if (!setting_is_same(row, settings, &defaults) && !heeds(settings->optimiser, row, settings, &defaults))
            return refuse_setting(context, row, settings, &defaults);
    }
    return CLAE_OK;
}
