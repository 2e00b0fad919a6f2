/* The insides of a run. */
#ifndef CLAE_TRAIN_RUN_OPEN_H
#define CLAE_TRAIN_RUN_OPEN_H

#include "train/run.h"

/* How far the current epoch is; kept in mid-epoch checkpoints, so that its row in the log comes out the same. */
typedef struct run_epoch_state {
    double loss_sum; /* over images */
    uint64_t images;
    double seconds;
} run_epoch_state;

struct run {
    clae_context *context;
    char *folder;
    int lock; /* -1: none */
    run_config config;
    char *data; /* config.data points to it */
    clae_dataset *train, *test;
    clae_model *model;
    char *checkpoint;
    uint64_t checkpoint_step;
    run_epoch_state epoch;
    char *fingerprint; /* of the images that the resumed run was trained on */
    char *device;      /* on which it was */
};

/* Creates and locks the folder, unless the run has it already; one that holds a run is only taken to resume it. */
clae_status run_claim(run *run, bool resume);

/* The checkpoint's free text, to be freed; NULL without memory. */
char *run_extra_text(const run *run, const char *device, const run_epoch_state *epoch);
/* Takes configuration, epoch state, fingerprint and device from it. False when it is none of ours. */
bool run_extra_parse(run *run, const char *text, run_config *stored, json_t **owner);

#endif
