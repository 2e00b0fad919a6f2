#include "app/measure/compare_losses.h"

#include "base/memory.h"
#include "base/philox.h"
#include "train/settings.h"
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Trainings from moved weights, and the times by which right devices may be further apart than those are. Moved by a
 * single rounding, trainings of one seed begin to part at steps that differ by six, and are then apart by 1e-7 or 8e-5:
 * a ReLU whose input is rounded across 0 is rare. Of three that are moved by up to 32, the furthest was at least half
 * as far away as any of the former. */
enum { DRAWS = 3, ROOM = 4, MOST_ROUNDINGS = 32 };

/* What the trainings have in common; the device, its numerics and the weights differ. */
typedef struct loss_run {
    clae_model *model;
    const clae_dataset *dataset;
    uint64_t steps;
} loss_run;

static clae_status run_steps(clae_trainer *trainer, uint64_t steps, float *losses) {
    clae_status status = CLAE_OK;
    for (uint64_t step = 0; step < steps && status == CLAE_OK; step = trainer->position.step) {
        const float *fetched;
        size_t count;
        status = clae_trainer_run(trainer, steps - step);
        if (status == CLAE_OK) status = clae_trainer_losses(trainer, &fetched, &count);
        if (status == CLAE_OK) memcpy(losses + step, fetched, count * sizeof *losses);
    }
    return status;
}

/* Without Winograd's algorithm and TF32: gradients that are 0 come out of it as 1e-8 of the largest, Adam makes whole
 * steps of them, and two right devices are apart by 1e-3 of the loss within ten steps. */
static clae_status train(const loss_run *run, clae_device *device, const clae_settings *given, float *losses) {
    clae_context *context = device->context;
    const clae_log_level level = context->log_level;
    clae_settings settings = *given; /* whose texts are the caller's */
    clae_trainer *trainer = NULL;
    settings.no_winograd = true;
    settings.precision = "fp32";
    if (level == CLAE_LOG_INFO) context->log_level = CLAE_LOG_WARNING; /* what it needs has been said */
    clae_status status = clae_trainer_create(device, run->model, run->dataset, &settings, &trainer);
    context->log_level = level;
    if (status == CLAE_OK) status = run_steps(trainer, run->steps, losses);
    clae_trainer_free(trainer);
    return status;
}

static void move_weights(clae_model *model, uint32_t draw) {
    const philox_stream stream = {0, PHILOX_ROUNDING, draw};
    for (size_t i = 0; i < model->trained_floats; i++) {
        const double share = 2 * philox_uniform(stream, i) - 1;
        model->parameters[i] = (float)(model->parameters[i] * (1 + share * MOST_ROUNDINGS * 0x1p-24));
    }
}

static clae_status train_moved(const loss_run *run, clae_device *device, const clae_settings *settings, uint32_t draw,
                               float *losses) {
    const size_t bytes = run->model->trained_floats * sizeof(float);
    float *weights = malloc(bytes);
    if (!weights) return fail_memory(device->context, bytes, "the comparison");
    memcpy(weights, run->model->parameters, bytes);
    move_weights(run->model, draw);
    const clae_status status = train(run, device, settings, losses);
    memcpy(run->model->parameters, weights, bytes);
    free(weights);
    return status;
}

static double relative_difference(float a, float b) {
    return a == b ? 0 : fabs((double)b - a) / fabs(a);
}

/* `losses` of steps: of the two devices, then of each draw. */
static clae_status train_all(const loss_run *run, clae_device *const devices[2], const compare_options *options,
                             float *losses) {
    clae_status status = CLAE_OK;
    for (int d = 0; d < 2 && status == CLAE_OK; d++)
        status = train(run, devices[d], options->settings[d], losses + (size_t)d * run->steps);
    for (uint32_t draw = 0; draw < DRAWS && status == CLAE_OK; draw++)
        status = train_moved(run, devices[0], options->settings[0], draw, losses + (2 + draw) * run->steps);
    return status;
}

/* Rounding comes early in some trainings and late in others, as where the input of a ReLU is rounded across 0; from
 * there on it grows at about the same rate in all. So much has been seen of right devices where draws changed next to
 * nothing. */
static double least_bound(uint64_t step) {
    return step <= 10 ? 2e-6 : step <= 25 ? 1e-4 : step <= 50 ? 1e-3 : 1e-2;
}

static void judge(const float *losses, compare_result *result) {
    const size_t steps = result->loss_count;
    double rounding = 0;
    for (size_t i = 0; i < steps; i++) {
        compare_loss *l = &result->losses[i];
        for (int d = 0; d < 2; d++) l->loss[d] = losses[(size_t)d * steps + i];
        for (size_t draw = 0; draw < DRAWS; draw++)
            rounding = fmax(rounding, relative_difference(l->loss[0], losses[(2 + draw) * steps + i]));
        l->difference = relative_difference(l->loss[0], l->loss[1]);
        l->rounding = rounding;
        l->bound = fmax(least_bound(i + 1), ROOM * rounding);
        l->passed = l->difference <= l->bound;
        result->passed = result->passed && l->passed;
    }
}

clae_status compare_losses(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                           const compare_options *options, compare_result *result) {
    const loss_run run = {model, dataset, options->steps};
    const size_t bytes = (2 + DRAWS) * options->steps * sizeof(float);
    float *losses = malloc(bytes);
    result->losses = calloc(options->steps, sizeof *result->losses);
    result->loss_count = options->steps;
    clae_status status = losses && result->losses ? CLAE_OK : fail_memory(devices[0]->context, bytes, "the comparison");
    if (status == CLAE_OK) status = train_all(&run, devices, options, losses);
    if (status == CLAE_OK) judge(losses, result);
    free(losses);
    return status;
}
