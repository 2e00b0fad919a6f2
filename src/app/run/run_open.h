/* The insides of a run. */
#ifndef CLAE_APP_RUN_RUN_OPEN_H
#define CLAE_APP_RUN_RUN_OPEN_H

#include "app/run/run.h"
#include "app/run/run_folder.h"

#include <jansson.h>

#define RUN_MESSAGE_BYTES 512

/* How far the current epoch is; kept in mid-epoch checkpoints, so that its row in the log comes out the same. */
typedef struct run_epoch_state {
    double loss_sum; /* over images */
    uint64_t images;
    double seconds;
} run_epoch_state;

/* A checkpoint that was found, and what its free text says. */
typedef struct run_checkpoint {
    char *path; /* NULL: there is none */
    uint64_t step;
    run_epoch_state epoch;
    clae_settings settings;
    const char *fingerprint, *test_fingerprint; /* of the images; of the test images NULL: not said */
    const char *device;                         /* on which it was trained */
    json_t *text;                               /* owns these strings */
} run_checkpoint;

struct run {
    clae_context *context;
    run_folder folder;
    clae_settings settings;
    clae_dataset *all;        /* of which the two that follow are parts; NULL: none is held out */
    clae_dataset *validation; /* NULL: none */
    clae_dataset *train, *test;
    bool tests_on_training_images;
    clae_model *model;
    run_checkpoint resumed;
};

/* Creates and locks the folder, unless the run has it already; one that holds a run is only taken to resume it. */
clae_status run_claim(run *run, bool resume);

/* Finds the newest checkpoint of a step up to `most` whose text can be used; checkpoint->path is NULL, without a
 * message, when there is none. The reason why the first one was passed over goes into `message`, "" if none was. */
clae_status run_checkpoint_find(clae_context *context, const char *folder, uint64_t most, run_checkpoint *checkpoint,
                                char message[], size_t message_bytes);
void run_checkpoint_free(run_checkpoint *checkpoint);

/* Takes, instead of the checkpoint that is resumed, the newest one before it that is of the same run.
 * CLAE_ERROR_INPUT, with `message` as the reason, when there is none. */
clae_status run_fall_back(run *run, const char *message);

/* The checkpoint's free text, to be freed; NULL without memory. */
char *run_checkpoint_text(const run *run, const char *device, const run_epoch_state *epoch);

/* Images of a step, no more than there are. */
size_t run_batch_size(const run *run);

#endif
