/* Settings as JSON: an object of their names, in checkpoints of runs. */
#ifndef CLAE_TRAIN_SETTINGS_JSON_H
#define CLAE_TRAIN_SETTINGS_JSON_H

#include "train/settings.h"

#include <jansson.h>

/* The settings of a run, to be released by json_decref; NULL without memory. */
json_t *settings_to_json(const clae_settings *settings);

/* Sets those that the object has and leaves the others as they are. False when one has no such value. */
bool settings_from_json(const json_t *object, clae_settings *settings);

#endif
