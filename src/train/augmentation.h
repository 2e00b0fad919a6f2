/* Augmentation as settings say it. */
#ifndef CLAE_TRAIN_AUGMENTATION_H
#define CLAE_TRAIN_AUGMENTATION_H

#include "graph/plan.h"
#include "train/settings.h"

/* False: images are taken as they are. */
bool augmentation_of(const clae_settings *settings, augmentation *augmentation);
/* CLAE_ERROR_INPUT where images of this shape cannot be turned or shifted so. */
clae_status augmentation_check(const clae_context *context, const clae_settings *settings, clae_shape image);

#endif
