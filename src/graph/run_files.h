/* The models in a run folder: model.safetensors and checkpoints, which are named by their steps. */
#ifndef CLAE_GRAPH_RUN_FILES_H
#define CLAE_GRAPH_RUN_FILES_H

#include "data/safetensors.h"

#include <stdbool.h>

#define RUN_MODEL_NAME "model.safetensors"
#define RUN_BEST_NAME "best.safetensors"

/* The step in a checkpoint's file name; false for any other name. */
bool checkpoint_name_step(const char *name, uint64_t *step);

/* Fresh strings, NULL without memory. */
char *run_folder_path(const char *folder, const char *name);
char *run_folder_checkpoint_path(const char *folder, uint64_t step);

/* The steps of the checkpoints there are, newest first; *steps is freed by the caller. A missing folder has none. */
clae_status run_folder_checkpoints(const clae_context *context, const char *folder, uint64_t **steps, size_t *count);

/* The training steps that a file says are behind it; false when it says nothing. */
bool file_step(const safetensors_file *file, uint64_t *step);
/* CLAE_ERROR_INPUT when a checkpoint is of another step than its name says: which one is the newest would be unknown.
 */
clae_status checkpoint_check_name(const clae_context *context, const char *path, const safetensors_file *file,
                                  uint64_t named_step);

/* Calls `load` with the file at `path`; or, where `path` is a run folder, with its models from the newest on, until one
 * can be loaded, with a warning that names the one passed over. */
typedef clae_status (*run_file_load_fn)(clae_context *context, const char *path, safetensors_file *file, void *user);
clae_status run_file_load(clae_context *context, const char *path, run_file_load_fn load, void *user);

#endif
