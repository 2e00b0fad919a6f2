/* The folder of a training run: its lock and its checkpoints. */
#ifndef CLAE_TRAIN_RUN_FOLDER_H
#define CLAE_TRAIN_RUN_FOLDER_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

#define RUN_LOG_NAME "log.csv"
#define RUN_PLOT_NAME "loss.png"
#define RUN_MODEL_NAME "model.safetensors"

/* Creates the folder if need be, and keeps other trainings out until the lock is released or the process ends.
 * CLAE_ERROR_INPUT when there is one at work in it. */
clae_status run_folder_lock(const clae_context *context, const char *folder, int *lock);
void run_folder_unlock(int lock);

/* Whether the folder holds anything that a training left. */
bool run_folder_is_used(const char *folder);

/* Fresh strings, NULL without memory. */
char *run_folder_path(const char *folder, const char *name);
char *run_folder_checkpoint_path(const char *folder, uint64_t step);

/* The steps of the checkpoints there are, newest first; *steps is freed by the caller. A missing folder has none. */
clae_status run_folder_checkpoints(const clae_context *context, const char *folder, uint64_t **steps, size_t *count);

/* Removes the checkpoints of steps before `step`. */
void run_folder_remove_before(const clae_context *context, const char *folder, uint64_t step);
/* Removes the model of a finished run that is gone on with: it is older than the checkpoint just saved. */
void run_folder_remove_model(const clae_context *context, const char *folder);

#endif
