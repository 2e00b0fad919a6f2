/* Finds the fastest implementations and parameters for the ops of a model, by trying. */
#ifndef CLAE_APP_MEASURE_TUNE_H
#define CLAE_APP_MEASURE_TUNE_H

#include "backend/tuning/tuning.h"

#include <clae/model.h>
#include <clae/settings.h>

typedef struct tune_result {
    size_t index, count; /* of the ops that have a choice */
    const char *op;      /* op_describe's text */
    bool was_known;      /* from a run before; the rest is then what was found there, but default_ms, tried and wrong */
    const char *impl, *values;
    double ms, default_ms;
    size_t tried, wrong,
        failed; /* candidates: all; those that computed wrongly; those that could not be built or run */
} tune_result;

typedef struct tune_options {
    const clae_settings *settings; /* of the training */
    double budget_s; /* costly ops come first; one under way is brought to its end */
    bool again;      /* ops that are known too */
    void (*report)(void *user, const tune_result *result);
    /* Before each candidate: where the tuner is. */
    void (*progress)(void *user, size_t index, size_t count, const char *op, size_t tried, double best_ms);
    void *user;
} tune_options;

/* Tunes the ops of a training step and keeps what it finds in the device's tuning, and after each op in its file.
 * *left is the number of ops that the budget did not reach. */
clae_status tune_run(clae_device *device, clae_model *model, const tune_options *options, size_t *left);

/* One op of it (tune_op.c): fills everything in `result` but index and count. */
typedef struct tune_request {
    clae_device *device, *judge;
    const numerics *numerics;
    const op_desc *desc;
    void (*progress)(void *user, size_t tried, double best_ms);
    void *user;
} tune_request;
typedef struct tune_found {
    const op_impl *impl;
    char values[TUNE_TEXT_SIZE];
    double ms, default_ms;
    size_t tried, wrong, failed;
} tune_found;
clae_status tune_op(const tune_request *request, tune_found *found);
/* Of what is taken where nothing is tuned; infinite where that fails. Neither judge nor progress is needed. */
clae_status tune_op_time(const tune_request *request, double *ms);
/* Whether there is anything to choose. */
bool tune_op_has_choice(const clae_device *device, const op_desc *desc, const numerics *numerics);

#endif
