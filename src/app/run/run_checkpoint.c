/* The checkpoints of a run: the text that they keep, and which one is resumed. */
#include "app/run/run_open.h"
#include "base/json_text.h"
#include "base/log_capture.h"
#include "base/memory.h"
#include "train/settings_json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *run_checkpoint_text(const run *run, const char *device, const run_epoch_state *epoch) {
    json_t *config = settings_to_json(&run->settings);
    json_t *object = json_pack("{s:o, s:s, s:s, s:s, s:{s:f, s:I, s:f}}", "config", config, "data_fingerprint",
                               clae_dataset_get_info(run->train)->fingerprint, "test_fingerprint",
                               clae_dataset_get_info(run->test)->fingerprint, "device", device, "epoch", "loss_sum",
                               epoch->loss_sum, "images", (json_int_t)epoch->images, "seconds", epoch->seconds);
    char *text = json_text(object);
    json_decref(object);
    return text;
}

static bool is_epoch_state(const run_epoch_state *epoch, json_int_t images, const char *file_images) {
    char text[32];
    snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT, images);
    return file_images && !strcmp(text, file_images) && isfinite(epoch->loss_sum) && isfinite(epoch->seconds) &&
           epoch->seconds >= 0;
}

/* Fills in all but path and step. */
static bool parse_text(const safetensors_file *file, run_checkpoint *checkpoint) {
    const char *text = safetensors_metadata(file, "extra");
    json_int_t images;
    json_t *config;
    checkpoint->text = text ? json_loads(text, 0, NULL) : NULL;
    bool ok = checkpoint->text &&
              !json_unpack(checkpoint->text, "{s:o, s:s, s?s, s:s, s:{s:F, s:I, s:F}}", "config", &config,
                           "data_fingerprint", &checkpoint->fingerprint, "test_fingerprint",
                           &checkpoint->test_fingerprint, "device", &checkpoint->device, "epoch", "loss_sum",
                           &checkpoint->epoch.loss_sum, "images", &images, "seconds", &checkpoint->epoch.seconds);
    ok = ok && is_epoch_state(&checkpoint->epoch, images, safetensors_metadata(file, "images"));
    if (ok) checkpoint->epoch.images = (uint64_t)images;
    checkpoint->settings = settings_defaults(NULL);
    return ok && settings_from_json(config, &checkpoint->settings) && checkpoint->settings.data;
}

void run_checkpoint_free(run_checkpoint *checkpoint) {
    json_decref(checkpoint->text);
    settings_release(&checkpoint->settings);
    free(checkpoint->path);
    *checkpoint = (run_checkpoint){0};
}

static clae_status read_checkpoint(const clae_context *context, run_checkpoint *checkpoint) {
    safetensors_file file;
    clae_status status = safetensors_read(context, checkpoint->path, &file);
    if (!status) status = safetensors_check_intact(context, checkpoint->path, &file);
    if (!status) status = checkpoint_check_name(context, checkpoint->path, &file, checkpoint->step);
    errno = 0;
    if (!status && !parse_text(&file, checkpoint))
        status = fail(context, status_of_errno(CLAE_ERROR_INPUT), "%s: %s", checkpoint->path,
                      errno == ENOMEM ? "not enough memory for its settings" : "not a checkpoint of a training run");
    safetensors_free(&file);
    return status;
}

clae_status run_checkpoint_find(clae_context *context, const char *folder, uint64_t most, run_checkpoint *checkpoint,
                                char message[], size_t message_bytes) {
    uint64_t *steps;
    size_t count;
    log_capture capture;
    *message = 0;
    *checkpoint = (run_checkpoint){0};
    clae_status status = run_folder_checkpoints(context, folder, &steps, &count);
    for (size_t i = 0; !status && i < count && !checkpoint->path; i++) {
        if (steps[i] > most) continue;
        checkpoint->step = steps[i];
        checkpoint->path = run_folder_checkpoint_path(folder, steps[i]);
        if (!checkpoint->path) {
            status = fail_memory(context, strlen(folder), "a path");
            break;
        }
        log_capture_begin(&capture, context);
        const clae_status of_file = read_checkpoint(context, checkpoint);
        log_capture_end(&capture);
        if (!of_file) break;
        if (of_file != CLAE_ERROR_INPUT) status = fail(context, of_file, "%s", capture.error);
        if (!*message) snprintf(message, message_bytes, "%s", capture.error);
        run_checkpoint_free(checkpoint);
    }
    free(steps);
    return status;
}

static bool is_of_same_run(const run *run, const run_checkpoint *checkpoint) {
    return !strcmp(checkpoint->fingerprint, clae_dataset_get_info(run->train)->fingerprint) &&
           settings_are_of_same_run(&checkpoint->settings, &run->settings);
}

clae_status run_fall_back(run *run, const char *message) {
    char ignored[RUN_MESSAGE_BYTES];
    bool is_found = false;
    while (!is_found && run->resumed.path && run->resumed.step) {
        const uint64_t most = run->resumed.step - 1;
        run_checkpoint_free(&run->resumed);
        const clae_status status =
            run_checkpoint_find(run->context, run->folder.path, most, &run->resumed, ignored, sizeof ignored);
        if (status) return status;
        is_found = run->resumed.path && is_of_same_run(run, &run->resumed);
    }
    if (!is_found)
        return fail(run->context, CLAE_ERROR_INPUT, "%s; no checkpoint in %s can be resumed", message,
                    run->folder.path);
    log_line(run->context, CLAE_LOG_WARNING, "%s; going on from the checkpoint of step %" PRIu64, message,
             run->resumed.step);
    return CLAE_OK;
}
