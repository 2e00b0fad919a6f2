/* The folder of a training run: made, held, kept clean. */
#ifndef CLAE_APP_RUN_RUN_FOLDER_H
#define CLAE_APP_RUN_RUN_FOLDER_H

#include "base/context.h"
#include "graph/run_files.h"

#include <stddef.h>
#include <stdint.h>

#define RUN_LOG_NAME "log.csv"
#define RUN_PLOT_NAME "loss.png"

typedef struct run_folder {
    char *path;         /* where it is now */
    int descriptor;     /* open and locked; -1: not yet */
    size_t made_length; /* of the path's beginning that was there before; the rest was made. SIZE_MAX: nothing was */
} run_folder;

/* Of a path from malloc, not entered. */
run_folder run_folder_at(char *path);

/* Creates the folder if need be, and keeps other trainings out until it is left or the process ends. Temporary files
 * that a killed training left are removed. CLAE_ERROR_INPUT when a training is at work in it. */
clae_status run_folder_enter(const clae_context *context, run_folder *folder);
/* Removes what was made of the path as long as it is empty, and frees it. */
void run_folder_leave(run_folder *folder);

/* Follows a folder that was renamed since it was entered; CLAE_ERROR_OUTPUT when it was removed. To be called before a
 * file is written. */
clae_status run_folder_follow(const clae_context *context, run_folder *folder);

/* CLAE_ERROR_OUTPUT where something other than a regular file has the name: a pipe would be waited for. */
clae_status run_folder_check_file(const clae_context *context, const char *path);

/* Whether the folder holds anything that a training left. */
clae_status run_folder_is_used(const clae_context *context, const char *path, bool *is_used);
/* Whether its model says that it is of that step. */
bool run_folder_has_model_of(clae_context *context, const char *path, uint64_t step);

/* Removes the checkpoints of steps before `step`. */
void run_folder_remove_before(const clae_context *context, const char *path, uint64_t step);

#endif
