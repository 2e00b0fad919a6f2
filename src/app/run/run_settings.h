/* The settings that a run was trained with, for those who use its model. */
#ifndef CLAE_APP_RUN_RUN_SETTINGS_H
#define CLAE_APP_RUN_RUN_SETTINGS_H

#include "train/settings.h"

/* Takes what is not given of some groups from the run that `model` is: its folder, or a file in it. All stays as it is
 * where there is no run. */
clae_status run_take_settings(clae_context *context, const char *model, unsigned groups, clae_settings *settings);

#endif
