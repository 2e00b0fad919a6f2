/* The network that settings describe: by a preset, by texts or by a file of texts. */
#ifndef CLAE_TRAIN_NETWORK_H
#define CLAE_TRAIN_NETWORK_H

#include "train/settings.h"

#include <clae/model.h>

/* CLAE_ERROR_INPUT for settings that were given and do not go together. */
clae_status network_check(const clae_context *context, const clae_settings *settings);
/* The network for images of this shape, its weights drawn from the seed. NULL: of the shape that the file of --model
 * says, or 1x28x28. */
clae_status network_create(clae_context *context, const clae_settings *settings, const clae_shape *images,
                           clae_model **model);
/* Puts the model's texts in the place of what described it. */
clae_status network_keep(const clae_context *context, const clae_model *model, clae_settings *settings);
/* CLAE_ERROR_INPUT where the model is another network than the run in `folder` has by its settings. */
clae_status network_check_same(clae_context *context, const char *folder, const clae_settings *stored,
                               const clae_model *model);

#endif
