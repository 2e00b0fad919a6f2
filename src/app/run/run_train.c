#include "app/run/run_device.h"
#include "app/run/run_open.h"
#include "app/run/run_warnings.h"
#include "base/decimal.h"
#include "base/log_capture.h"
#include "base/memory.h"
#include "infer/infer.h"
#include "ops/loss.h"
#include "train/schedule.h"
#include "train/trainer.h"

#include <clae/train.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Losses are fetched after so many steps, and after fewer when they take longer than this. */
#define STEPS_PER_FETCH 50
#define SECONDS_PER_FETCH 0.5
/* Of the loss that is shown. */
#define SMOOTHING 0.95
/* Training has diverged when losses are so many times that of the mean image, without being infinite. */
#define DIVERGED_RATIO 100

typedef struct loop {
    run *run;
    const run_limits *limits;
    const run_events *events;
    char device[RUN_DEVICE_BYTES];
    clae_trainer *trainer;
    clae_infer *infer;
    clae_infer *validator; /* of the images that are held out; NULL: there are none */
    run_log log;
    FILE *step_log;
    run_epoch_state epoch;
    run_progress progress;
    uint64_t fetch_steps;
    uint64_t saved_step; /* of the newest checkpoint; 0: there is none */
    double test_seconds; /* that the last test took */
    bool is_stopped;     /* by tick */
    bool plot_failed;    /* and was said to */
} loop;

static double now_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Whole epochs since the best one. */
static uint64_t epochs_without_gain(const loop *loop) {
    const run_log_row *best = run_log_best(&loop->log);
    return best ? loop->log.rows[loop->log.count - 1].epoch - best->epoch : 0;
}

static bool is_out_of_patience(const loop *loop) {
    const uint64_t patience = loop->run->settings.patience;
    return patience && epochs_without_gain(loop) >= patience;
}

static bool is_done(const loop *loop) {
    clae_train_position position = clae_trainer_position(loop->trainer);
    return is_out_of_patience(loop) || position.epoch >= loop->run->settings.epochs ||
           (loop->limits->stop_step && position.step >= loop->limits->stop_step);
}

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Steps until training ends, and the images and tests in them. */
static double seconds_left(const loop *loop) {
    clae_train_position position = clae_trainer_position(loop->trainer);
    uint64_t end = loop->run->settings.epochs * position.steps_per_epoch;
    if (loop->limits->stop_step) end = least(end, loop->limits->stop_step);
    double steps = end > position.step ? (double)(end - position.step) : 0;
    double images = steps * (double)clae_dataset_get_info(loop->run->train)->n / (double)position.steps_per_epoch;
    double tests = ceil(steps / (double)position.steps_per_epoch);
    return images / loop->progress.images_per_second + tests * loop->test_seconds;
}

static void tick(loop *loop, bool is_testing) {
    clae_train_position position = clae_trainer_position(loop->trainer);
    run_progress *progress = &loop->progress;
    const clae_dataset_info *train = clae_dataset_get_info(loop->run->train);
    progress->epochs = loop->run->settings.epochs;
    progress->epoch = position.epoch + !is_testing;
    progress->step = position.step;
    progress->is_testing = is_testing;
    progress->fraction = (double)loop->epoch.images / (double)train->n;
    if (loop->epoch.seconds > 0) progress->images_per_second = (double)loop->epoch.images / loop->epoch.seconds;
    progress->seconds_left = seconds_left(loop);
    if (!loop->events->tick(loop->events->user, progress)) loop->is_stopped = true;
}

/* Enters the losses of the latest steps, the first of which is first_step. */
static clae_status take_losses(loop *loop, uint64_t first_step) {
    const float *losses;
    size_t count;
    clae_status status = clae_trainer_losses(loop->trainer, &losses, &count);
    if (status) return status;
    size_t n = clae_dataset_get_info(loop->run->train)->n;
    for (size_t i = 0; i < count; i++) {
        uint64_t images = least(run_batch_size(loop->run), n - loop->epoch.images);
        loop->epoch.loss_sum += (double)losses[i] * (double)images;
        loop->epoch.images += images;
        double kept = loop->progress.loss > 0 ? SMOOTHING : 0;
        loop->progress.loss = kept * loop->progress.loss + (1 - kept) * (double)losses[i];
        if (!loop->step_log) continue;
        char loss[DECIMAL_BYTES];
        decimal_print(loss, sizeof loss, "%.9g", (double)losses[i]);
        if (fprintf(loop->step_log, "%" PRIu64 ",%s\n", first_step + i, loss) < 0) break;
    }
    if (loop->step_log && (fflush(loop->step_log) || ferror(loop->step_log))) {
        return fail(loop->run->context, CLAE_ERROR_OUTPUT, "%s: %s", loop->limits->step_log, strerror(errno));
    }
    return CLAE_OK;
}

static clae_status train_some(loop *loop) {
    clae_train_position position = clae_trainer_position(loop->trainer);
    uint64_t steps = loop->fetch_steps;
    if (loop->limits->stop_step) steps = least(steps, loop->limits->stop_step - position.step);
    double start = now_seconds();
    clae_status status = clae_trainer_run(loop->trainer, steps);
    if (!status) status = take_losses(loop, position.step + 1);
    double seconds = now_seconds() - start;
    loop->epoch.seconds += seconds;
    if (seconds < SECONDS_PER_FETCH / 2) {
        uint64_t most = loop->limits->fetch_steps ? loop->limits->fetch_steps : STEPS_PER_FETCH;
        loop->fetch_steps = least(2 * loop->fetch_steps, most);
    } else if (seconds > SECONDS_PER_FETCH && loop->fetch_steps > 1) {
        loop->fetch_steps /= 2;
    }
    return status;
}

/* The path of a file in the folder, wherever the folder is by now; NULL with *status. */
static char *path_in_folder(loop *loop, const char *name, clae_status *status) {
    run *run = loop->run;
    *status = run_folder_follow(run->context, &run->folder);
    if (*status) return NULL;
    char *path = run_folder_path(run->folder.path, name);
    *status = path ? run_folder_check_file(run->context, path)
                   : fail_memory(run->context, strlen(run->folder.path), "a path");
    if (!*status) return path;
    free(path);
    return NULL;
}

/* The checkpoint before it stays, in case that this one cannot be read later. */
static clae_status save_checkpoint(loop *loop) {
    run *run = loop->run;
    uint64_t step = clae_trainer_position(loop->trainer).step;
    clae_status status = run_folder_follow(run->context, &run->folder);
    if (status) return status;
    char *path = run_folder_checkpoint_path(run->folder.path, step);
    char *extra = run_checkpoint_text(run, loop->device, &loop->epoch);
    if (!path || !extra) status = fail_memory(run->context, 1, "a checkpoint");
    if (!status) status = run_folder_check_file(run->context, path);
    if (!status) status = clae_trainer_save_checkpoint(loop->trainer, path, extra);
    if (!status) {
        run_folder_remove_before(run->context, run->folder.path, loop->saved_step);
        loop->saved_step = step;
    }
    free(path);
    free(extra);
    return status;
}

/* An image that is the mean of all has half a squared error of 1 for each normalised pixel, on average. Test images
 * alone may be of another kind, and the losses of an epoch alone may begin with those of poor weights. */
static bool has_diverged(const loop *loop, const run_log_row *row) {
    const clae_dataset_info *info = clae_dataset_get_info(loop->run->train);
    const double most = DIVERGED_RATIO * 0.5 * (double)(info->c * info->h * info->w);
    return row->train_loss > most && row->test_loss > most;
}

/* As the log has it, so that a resumed run compares the same numbers. */
static double as_logged(double loss) {
    char text[DECIMAL_BYTES];
    double logged = NAN;
    decimal_print(text, sizeof text, "%.6f", loss);
    return decimal_read(text, &logged) ? logged : NAN;
}

static clae_status validate(loop *loop, run_log_row *row) {
    clae_evaluation evaluation;
    if (!loop->validator) return CLAE_OK;
    clae_status status = infer_update(loop->validator, loop->run->model);
    if (!status) status = clae_infer_evaluate(loop->validator, loop->run->validation, &evaluation);
    if (!status) row->validation_loss = as_logged(evaluation.loss);
    return status;
}

/* Tests the model as it is now and fills the row of the log. */
static clae_status test(loop *loop, run_log_row *row) {
    double start = now_seconds();
    clae_evaluation evaluation;
    clae_status status = clae_trainer_update_model(loop->trainer);
    if (!status) status = infer_update(loop->infer, loop->run->model);
    if (!status) status = clae_infer_evaluate(loop->infer, loop->run->test, &evaluation);
    if (status) return status;
    *row = (run_log_row){
        .epoch = loop->progress.epoch,
        .step = loop->progress.step,
        .train_loss = loop->epoch.loss_sum / (double)loop->epoch.images,
        .test_loss = evaluation.loss,
        .test_mse_per_pixel = evaluation.mse_per_pixel,
        .seconds = loop->epoch.seconds,
        .images_per_second = loop->progress.images_per_second,
        .validation_loss = NAN,
    };
    status = validate(loop, row);
    if (status) return status;
    loop->test_seconds = now_seconds() - start;
    if (isfinite(evaluation.loss) && !has_diverged(loop, row)) return CLAE_OK;
    return fail(loop->run->context, CLAE_ERROR_NOT_FINITE,
                "training has diverged: its loss is %.3g, that of the test images %.3g, after step %" PRIu64,
                row->train_loss, row->test_loss, row->step);
}

static clae_status append_row(loop *loop, const run_log_row *row) {
    clae_status status;
    char *path = path_in_folder(loop, RUN_LOG_NAME, &status);
    if (path) status = run_log_append(loop->run->context, path, &loop->log, row);
    free(path);
    return status;
}

/* Before the checkpoint, with which an epoch is behind. */
static clae_status save_best(loop *loop, const run_log_row *row) {
    const run_log_row *best = run_log_best(&loop->log);
    clae_status status;
    if (!best || best->epoch != row->epoch) return CLAE_OK;
    char *path = path_in_folder(loop, RUN_BEST_NAME, &status);
    if (!status) status = model_save_of_step(loop->run->model, path, row->step);
    free(path);
    return status;
}

/* After everything is saved: a picture that fails, or a font library that crashes, costs nothing then. */
static void draw_plot(loop *loop) {
    log_capture capture = {0};
    clae_status status;
    log_capture_begin(&capture, loop->run->context);
    char *path = path_in_folder(loop, RUN_PLOT_NAME, &status);
    if (path && loop->log.count) status = run_log_plot(loop->run->context, path, &loop->log);
    log_capture_end(&capture);
    if (status && !loop->plot_failed) {
        log_line(loop->run->context, CLAE_LOG_WARNING, "%s; the training goes on without this picture", capture.error);
        loop->plot_failed = true;
    }
    free(path);
}

/* The end of an epoch, or of a training that ends within one: the row comes before the checkpoint, as a row without
 * its checkpoint is dropped when the run is resumed, and nothing would bring back a missing one. */
static clae_status end_epoch(loop *loop, bool is_whole) {
    run_log_row row;
    tick(loop, is_whole);
    clae_status status = test(loop, &row);
    if (!status) status = append_row(loop, &row);
    if (!status && is_whole) status = save_best(loop, &row);
    if (is_whole) loop->epoch = (run_epoch_state){0};
    if (!status) status = save_checkpoint(loop);
    if (status) return status;
    loop->progress.seconds_left = seconds_left(loop);
    loop->events->epoch(loop->events->user, &loop->progress, &row);
    run_warn_of_epoch(loop->run->context, &loop->log);
    if (!is_done(loop)) draw_plot(loop); /* otherwise the model comes first */
    return CLAE_OK;
}

static clae_status train_all(loop *loop) {
    clae_status status = CLAE_OK;
    while (!status && !loop->is_stopped && !is_done(loop)) {
        uint64_t epoch = clae_trainer_position(loop->trainer).epoch;
        status = train_some(loop);
        if (status) break;
        if (clae_trainer_position(loop->trainer).epoch != epoch) {
            status = end_epoch(loop, true);
        } else if (is_done(loop)) {
            status = end_epoch(loop, false);
        } else {
            tick(loop, false);
        }
    }
    return status;
}

/* Falls back to an earlier checkpoint when one does not fit. */
static clae_status restore(loop *loop) {
    run *run = loop->run;
    log_capture capture;
    clae_status status = CLAE_ERROR_INPUT;
    if (!run->resumed.path) return CLAE_OK;
    while (status == CLAE_ERROR_INPUT) {
        log_capture_begin(&capture, run->context);
        status = clae_trainer_restore_checkpoint(loop->trainer, run->resumed.path, NULL);
        log_capture_end(&capture);
        if (status == CLAE_ERROR_INPUT && run_fall_back(run, capture.error)) return status;
    }
    if (status) return fail(run->context, status, "%s", capture.error);
    loop->epoch = run->resumed.epoch;
    loop->saved_step = run->resumed.step;
    if (strcmp(run->resumed.device, loop->device)) {
        log_line(run->context, CLAE_LOG_WARNING,
                 "%s was trained on %s so far: from here on the numbers differ a little from those there",
                 run->folder.path, run->resumed.device);
    }
    return CLAE_OK;
}

static clae_status open_logs(loop *loop) {
    const run *run = loop->run;
    const clae_train_position position = clae_trainer_position(loop->trainer);
    clae_status status;
    char *path = path_in_folder(loop, RUN_LOG_NAME, &status);
    if (path) status = run_log_open(run->context, path, position.epoch, run->validation, &loop->log);
    free(path);
    if (!status && loop->limits->step_log && !is_done(loop)) {
        status = step_log_open(run->context, loop->limits->step_log, position.step, &loop->step_log);
    }
    return status;
}

/* 0 where the learning rate does not depend on it. */
static uint64_t schedule_steps(const run *run) {
    const size_t n = clae_dataset_get_info(run->train)->n, batch_size = run_batch_size(run);
    return schedule_has_end(&run->settings) ? run->settings.epochs * ((n + batch_size - 1) / batch_size) : 0;
}

/* What evaluates images between epochs, in the trainer's buffers. */
static clae_status prepare_infer(const loop *loop, const clae_dataset *images, clae_infer **infer) {
    const clae_settings *settings = &loop->trainer->settings;
    const clae_status status = clae_infer_create(loop->trainer->device, loop->run->model, settings, 0, infer);
    if (status) return status;
    (*infer)->runner.share = loop->trainer->full;
    (*infer)->loss = loss_find(settings->loss);
    return infer_prepare_evaluation(*infer, images);
}

static clae_status prepare(loop *loop, clae_device *device) {
    run *run = loop->run;
    clae_settings settings = run->settings; /* whose texts are the run's */
    settings.batch_size = run_batch_size(run);
    settings.schedule_steps = schedule_steps(run);
    clae_status status = run_claim(run, false);
    if (!status) status = clae_trainer_create(device, run->model, run->train, &settings, &loop->trainer);
    if (!status) run_device_text(device, &loop->trainer->numerics, loop->device);
    if (!status) status = restore(loop);
    if (!status) status = prepare_infer(loop, run->test, &loop->infer);
    if (!status && run->validation) status = prepare_infer(loop, run->validation, &loop->validator);
    return status ? status : open_logs(loop);
}

/* Once it is saved, as that takes a moment. The model is the one of the last test. */
static void warn_of_model(const loop *loop) {
    const run *run = loop->run;
    if (loop->log.count == 0) return;
    const run_outcome outcome = {.context = run->context,
                                 .infer = loop->infer,
                                 .train = run->train,
                                 .test = run->test,
                                 .mse_per_pixel = loop->log.rows[loop->log.count - 1].test_mse_per_pixel,
                                 .steps = clae_trainer_position(loop->trainer).step,
                                 .batch_size = run_batch_size(run)};
    run_warn_of_model(&outcome);
}

static clae_status save_model(loop *loop, run_result *result) {
    clae_status status;
    const run_log_row *best = run_log_best(&loop->log);
    if (is_out_of_patience(loop))
        log_line(loop->run->context, CLAE_LOG_INFO,
                 "the validation loss has not fallen for %" PRIu64 " epochs: training ends", epochs_without_gain(loop));
    if (best)
        log_line(loop->run->context, CLAE_LOG_INFO,
                 "%s/" RUN_BEST_NAME " is of epoch %" PRIu64 ", validation loss %.3f", loop->run->folder.path,
                 best->epoch, best->validation_loss);
    result->saved = path_in_folder(loop, RUN_MODEL_NAME, &status);
    if (!status) status = clae_trainer_update_model(loop->trainer);
    if (!status) status = model_save_of_step(loop->run->model, result->saved, result->step);
    if (!status) draw_plot(loop);
    if (!status && !result->was_finished) warn_of_model(loop);
    return status;
}

static clae_status save_interrupted(loop *loop, run_result *result) {
    result->is_interrupted = true;
    clae_status status = CLAE_OK;
    if (loop->saved_step != result->step) status = save_checkpoint(loop);
    if (!status && loop->saved_step) {
        result->saved = run_folder_checkpoint_path(loop->run->folder.path, loop->saved_step);
    }
    return status;
}

static void loop_free(loop *loop) {
    if (loop->step_log) fclose(loop->step_log);
    clae_infer_free(loop->validator);
    clae_infer_free(loop->infer);
    clae_trainer_free(loop->trainer);
    run_log_free(&loop->log);
}

clae_status run_train(run *run, clae_device *device, const run_limits *limits, const run_events *events,
                      run_result *result) {
    loop loop = {.run = run, .limits = limits, .events = events, .fetch_steps = 1};
    *result = (run_result){0};
    clae_status status = prepare(&loop, device);
    if (!status) {
        result->was_finished = is_done(&loop);
        status = train_all(&loop);
        if (status == CLAE_ERROR_DEVICE && loop.saved_step)
            result->saved = run_folder_checkpoint_path(run->folder.path, loop.saved_step);
    }
    if (!status) {
        result->step = clae_trainer_position(loop.trainer).step;
        status = is_done(&loop) ? save_model(&loop, result) : save_interrupted(&loop, result);
    }
    loop_free(&loop);
    return status;
}
