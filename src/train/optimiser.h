/* Optimisers as training takes them: the rates of each step, from the settings. */
#ifndef CLAE_TRAIN_OPTIMISER_H
#define CLAE_TRAIN_OPTIMISER_H

#include "graph/params.h"
#include "train/settings.h"

/* What the settings name. */
optimiser_id optimiser_of(const clae_settings *settings);
/* What a step does with gradients. */
training_update optimiser_update_of(const clae_settings *settings);
/* Gives settings that are not given what they are for the optimiser (optimiser_defaults.def). */
void optimiser_complete(clae_settings *settings);
/* Refuses a setting of optimisers, with another value than its default, that the one in use knows nothing of. */
clae_status optimiser_check(const clae_context *context, const clae_settings *settings);
/* r0, r1, ... of optimisers.def for the step that follows `step` ones. */
void optimiser_rates(const clae_settings *settings, uint64_t step, float rates[OP_MAX_RATES]);

#endif
