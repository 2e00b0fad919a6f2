/* A training's records: log.csv and loss.png, a row an epoch, and the optional file of a line a step. */
#ifndef CLAE_APP_RUN_RUN_LOG_H
#define CLAE_APP_RUN_RUN_LOG_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct run_log_row {
    uint64_t epoch; /* from 1; the unfinished one when training was told to stop within it */
    uint64_t step;
    double train_loss, test_loss, test_mse_per_pixel;
    double seconds; /* spent on the epoch's training steps */
    double images_per_second;
    double validation_loss; /* NAN: there is none */
} run_log_row;

typedef struct run_log {
    char *text; /* of the file */
    run_log_row *rows;
    size_t count;
    bool has_validation; /* a last column */
} run_log;

/* Starts from the file's rows of epochs up to `epochs`; those after them, and a row that cannot be read with all after
 * it, are forgotten. A missing file has none. The file itself changes with the next row. */
clae_status run_log_open(const clae_context *context, const char *path, uint64_t epochs, bool has_validation,
                         run_log *log);
/* The row with the least validation loss, the first of equals; NULL: there is none. */
const run_log_row *run_log_best(const run_log *log);
/* Adds a row and writes the file. */
clae_status run_log_append(const clae_context *context, const char *path, run_log *log, const run_log_row *row);
/* Losses over epochs. */
clae_status run_log_plot(const clae_context *context, const char *path, const run_log *log);
void run_log_free(run_log *log);

/* Opens the file of step losses with its lines of steps up to `steps` kept. */
clae_status step_log_open(const clae_context *context, const char *path, uint64_t steps, FILE **file);

#endif
