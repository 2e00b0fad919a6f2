/* The settings of images as what datasets are opened with. */
#ifndef CLAE_TRAIN_SETTINGS_DATA_H
#define CLAE_TRAIN_SETTINGS_DATA_H

#include "train/settings.h"

#include <clae/dataset.h>

/* Texts stay the settings'. CLAE_ERROR_INPUT where --size is none, or --gray and --channels-in do not go together. */
clae_status settings_dataset_options(const clae_context *context, const clae_settings *settings,
                                     clae_dataset_options *options);

/* Opens the images of a split: of settings->data, or for testing settings->test_data, where that is given. */
clae_status settings_open_split(clae_context *context, const clae_settings *settings,
                                const clae_dataset_options *options, clae_split split, clae_dataset **dataset);

/* Pictures to test on that lie elsewhere are made of the size and channels of those to train on, unless the options say
 * others. */
void settings_test_like(const clae_settings *settings, const clae_dataset_info *train, clae_dataset_options *options);

/* Both splits, so. On failure what is open is left to the caller. */
clae_status settings_open_splits(clae_context *context, const clae_settings *settings, clae_dataset **train,
                                 clae_dataset **test);

#endif
