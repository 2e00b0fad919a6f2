/* Settings as JSON: an object of their names, in checkpoints of runs and in files that users write. */
#ifndef CLAE_TRAIN_SETTINGS_JSON_H
#define CLAE_TRAIN_SETTINGS_JSON_H

#include "train/settings.h"

#include <jansson.h>

/* The settings of a run, to be released by json_decref; NULL without memory. */
json_t *settings_to_json(const clae_settings *settings);

/* Sets those that the object has and leaves the others as they are. False when one has no such value. */
bool settings_from_json(const json_t *object, clae_settings *settings);

/* Reads a file of settings, into those that are not given yet: what the command line says holds. CLAE_ERROR_INPUT, with
 * a line that names the file and the key, for one that cannot be read, an unknown key or a wrong value. */
clae_status settings_read_file(const clae_context *context, const char *path, clae_settings *settings);

#endif
