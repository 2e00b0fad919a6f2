/* A training run in a folder: an autoencoder trained epoch after epoch, with its log, plot, checkpoints and
 * final model. Nothing is printed; events say what goes on. */
#ifndef CLAE_APP_RUN_RUN_H
#define CLAE_APP_RUN_RUN_H

#include "app/run/run_log.h"
#include "train/settings.h"

#include <clae/dataset.h>
#include <clae/device.h>
#include <clae/model.h>

typedef struct run run;

typedef struct run_options {
    const char *folder;
    clae_settings settings; /* the caller's; when a run is resumed, those that are not given are the run's */
    bool resume;
    const char *init; /* weights to start from; NULL: drawn from the seed */
} run_options;

typedef struct run_info {
    const clae_settings *settings;
    const clae_dataset_info *train, *test;
    const clae_dataset_info *validation; /* NULL: none is held out */
    bool tests_on_training_images; /* both sets are the same */
    size_t batch_size;             /* the settings', or all images where they are fewer */
    const clae_model *model;
    const char *checkpoint;                      /* what is resumed; NULL: training starts afresh */
    uint64_t checkpoint_step, checkpoint_epochs; /* epochs: whole ones */
    bool is_finished; /* all epochs are taken, and the model that is there is of the last step */
} run_info;

typedef struct run_progress {
    uint64_t epoch, epochs; /* the current one, from 1 */
    uint64_t step;
    double fraction; /* of the epoch's images */
    bool is_testing;
    double images_per_second;
    double loss;         /* of the latest steps */
    double seconds_left; /* in all */
} run_progress;

typedef struct run_events {
    void *user;
    /* After every few steps; false ends the training with a checkpoint. */
    bool (*tick)(void *user, const run_progress *progress);
    void (*epoch)(void *user, const run_progress *progress, const run_log_row *row);
} run_events;

typedef struct run_limits {
    uint64_t stop_step;   /* training ends after so many steps in all; 0: by epochs alone */
    uint64_t fetch_steps; /* losses are fetched, and tick is called, after at most so many; 0: 50 */
    const char *step_log; /* file of a line `step,loss` a step; NULL: none */
} run_limits;

typedef struct run_result {
    bool is_interrupted;
    bool was_finished; /* there was nothing left to do */
    uint64_t step;
    char *saved; /* the path of the model, or of a checkpoint after an interruption or a failing device; NULL: none */
} run_result;

/* Locks the folder if there is one, finds what to resume, opens the data and makes the model. CLAE_ERROR_INPUT, with
 * the folder as it was, when it holds a run and `resume` is not set, when another training works in it, when the
 * settings or images do not fit the run, or when it holds a model alone. A damaged checkpoint is passed over with a
 * warning. The context then computes in the way that the run's settings say. */
clae_status run_open(clae_context *context, const run_options *options, run **run);
run_info run_get_info(const run *run);

/* Trains to the end and writes the model; a model that was there is kept until then, and the last two checkpoints
 * always. CLAE_ERROR_NOT_FINITE, with nothing saved since the last checkpoint, when training diverges. result->saved is
 * freed by the caller, whatever the status. */
clae_status run_train(run *run, clae_device *device, const run_limits *limits, const run_events *events,
                      run_result *result);
void run_free(run *run);

#endif
