/* The settings of images as what datasets are opened with. */
#ifndef CLAE_TRAIN_SETTINGS_DATA_H
#define CLAE_TRAIN_SETTINGS_DATA_H

#include "train/settings.h"

#include <clae/dataset.h>

/* Texts stay the settings'. CLAE_ERROR_INPUT where --size is none, or --gray and --channels-in do not go together. */
clae_status settings_dataset_options(const clae_context *context, const clae_settings *settings,
                                     clae_dataset_options *options);

/* Opens the images of a split of settings->data. */
clae_status settings_open_dataset(clae_context *context, const clae_settings *settings, clae_split split,
                                  clae_dataset **dataset);

#endif
