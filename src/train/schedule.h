/* Schedules of the learning rate: the table schedules.def. */
#ifndef CLAE_TRAIN_SCHEDULE_H
#define CLAE_TRAIN_SCHEDULE_H

#include "train/settings.h"

/* Whether the rate depends on how many steps there will be. */
bool schedule_has_end(const clae_settings *settings);
/* The rate of the step that follows `step` ones. */
double schedule_rate(const clae_settings *settings, uint64_t step);

#endif
