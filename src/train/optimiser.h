/* Optimisers as training takes them: the rates of each step, from the settings. */
#ifndef CLAE_TRAIN_OPTIMISER_H
#define CLAE_TRAIN_OPTIMISER_H

#include "ops/update.h"
#include "train/settings.h"

/* What the settings name. */
optimiser_id optimiser_of(const clae_settings *settings);
/* Refuses a weight decay that the optimiser does not have. */
clae_status optimiser_check(const clae_context *context, const clae_settings *settings);
/* r0, r1, ... of optimisers.def for the step that follows `step` ones. */
void optimiser_rates(const clae_settings *settings, uint64_t step, float rates[OP_MAX_RATES]);

#endif
