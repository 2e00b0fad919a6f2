/* Steps that run in pieces, of which a device needs to hold one at a time: gradient accumulation. */
#ifndef CLAE_TRAIN_MICRO_BATCH_H
#define CLAE_TRAIN_MICRO_BATCH_H

#include "train/settings.h"

/* Images of a piece; all of a step where it runs at once. */
size_t micro_batch_images(const clae_settings *settings);
/* CLAE_ERROR_INPUT where steps on n images would have pieces of unequal size. A batch of all images may, as the last
 * one of an epoch. */
clae_status micro_batch_check(const clae_context *context, const clae_settings *settings, size_t n);

#endif
