#include "train/run_open.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "train/run_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES 512

static void keep_message(void *user, clae_log_level level, const char *line) {
    char *message = user;
    if (level == CLAE_LOG_ERROR && !*message) snprintf(message, MESSAGE_BYTES, "%s", line);
}

/* Reads one checkpoint's text; the reason why it cannot be used goes into `message`. */
static bool read_checkpoint(run *run, const char *path, char message[MESSAGE_BYTES], run_config *stored,
                            json_t **owner) {
    clae_context quiet = *run->context;
    quiet.log = keep_message;
    quiet.log_user = message;
    quiet.log_level = CLAE_LOG_ERROR;
    *message = 0;
    safetensors_file file;
    bool ok = !safetensors_read(&quiet, path, &file) && !safetensors_check_intact(&quiet, path, &file);
    if (ok) {
        ok = run_extra_parse(run, safetensors_metadata(&file, "extra"), stored, owner);
        if (!ok) snprintf(message, MESSAGE_BYTES, "%s: not a checkpoint of a training run", path);
    }
    safetensors_free(&file);
    return ok;
}

/* Finds the newest checkpoint that is sound; *owner stays NULL when the folder holds none at all. */
static clae_status find_checkpoint(run *run, run_config *stored, json_t **owner) {
    uint64_t *steps;
    size_t count;
    char message[MESSAGE_BYTES], first_message[MESSAGE_BYTES] = "";
    clae_status status = run_folder_checkpoints(run->context, run->folder, &steps, &count);
    for (size_t i = 0; !status && i < count && !*owner; i++) {
        char *path = run_folder_checkpoint_path(run->folder, steps[i]);
        if (!path) {
            status = fail_memory(run->context, MESSAGE_BYTES, "a path");
        } else if (read_checkpoint(run, path, message, stored, owner)) {
            run->checkpoint = path;
            run->checkpoint_step = steps[i];
            path = NULL;
        } else if (!*first_message) {
            memcpy(first_message, message, sizeof message);
        }
        free(path);
    }
    if (!status && *first_message && *owner) {
        log_line(run->context, CLAE_LOG_WARNING, "%s; going on from the checkpoint of step %llu", first_message,
                 (unsigned long long)run->checkpoint_step);
    } else if (!status && *first_message) {
        status =
            fail(run->context, CLAE_ERROR_INPUT, "%s; no checkpoint in %s can be resumed", first_message, run->folder);
    }
    free(steps);
    return status;
}

/* Paths are kept absolute, so that a run can be resumed from another folder. */
static clae_status set_data(run *run, const char *data) {
    if (!data) {
        return fail(run->context, CLAE_ERROR_INPUT, "--data D is missing (images to train on, like mnist)");
    }
    errno = 0;
    run->data = path_exists(data) ? realpath(data, NULL) : NULL;
    if (!run->data && errno != ENOMEM) run->data = strdup(data);
    run->config.data = run->data;
    return run->data ? CLAE_OK : fail_memory(run->context, strlen(data), "a path");
}

/* Takes what was not asked for from the run that is resumed. */
static clae_status resume(run *run, const run_options *options) {
    run_config stored;
    json_t *owner = NULL;
    clae_status status = find_checkpoint(run, &stored, &owner);
    if (status) return status;
    if (!owner) {
        log_line(run->context, CLAE_LOG_INFO, "%s holds no checkpoint yet: training starts from the beginning",
                 run->folder);
        return set_data(run, options->config.data);
    }
    status = run_config_merge(run->context, run->folder, &stored, options->given, &run->config);
    if (!options->epochs_given) run->config.epochs = stored.epochs;
    if (!status) status = set_data(run, options->config.data ? options->config.data : stored.data);
    json_decref(owner);
    return status;
}

static clae_status open_data(run *run) {
    const run_config *config = &run->config;
    clae_status status = clae_dataset_open(run->context, config->data, CLAE_SPLIT_TRAIN, &run->train);
    if (!status) status = clae_dataset_open(run->context, config->data, CLAE_SPLIT_TEST, &run->test);
    if (status) return status;
    clae_dataset_limit(run->train, config->limit_train);
    const clae_dataset_info *info = clae_dataset_get_info(run->train);
    if (run->fingerprint && strcmp(run->fingerprint, info->fingerprint)) {
        return fail(run->context, CLAE_ERROR_INPUT, "%s was trained on other images than those of --data %s",
                    run->folder, config->data);
    }
    return CLAE_OK;
}

static clae_status check_shape(const run *run) {
    clae_shape shape = clae_model_input_shape(run->model);
    const clae_dataset *sets[] = {run->train, run->test};
    for (size_t i = 0; i < ARRAY_LENGTH(sets); i++) {
        const clae_dataset_info *info = clae_dataset_get_info(sets[i]);
        if (info->c == shape.c && info->h == shape.h && info->w == shape.w) continue;
        return fail(
            run->context, CLAE_ERROR_INPUT,
            "the autoencoder takes images of %zux%zux%zu (channels, height, width), those of %s are %zux%zux%zu",
            shape.c, shape.h, shape.w, info->source, info->c, info->h, info->w);
    }
    return CLAE_OK;
}

static clae_status make_model(run *run, const char *init) {
    const run_config *config = &run->config;
    clae_status status = clae_model_create_lecture(run->context, (unsigned)config->channels,
                                                   (unsigned)config->latent_dim, config->seed, &run->model);
    if (!status) status = check_shape(run);
    if (!status && init) status = clae_model_load_weights(run->model, init);
    return status;
}

clae_status run_claim(run *run, bool resume) {
    if (run->lock >= 0) return CLAE_OK;
    clae_status status = run_folder_lock(run->context, run->folder, &run->lock);
    if (status || resume || !run_folder_is_used(run->folder)) return status;
    return fail(run->context, CLAE_ERROR_INPUT,
                "%s holds a training run already: go on with it by --resume, or choose another folder", run->folder);
}

static clae_status open_run(run *run, const run_options *options) {
    clae_status status = CLAE_OK;
    if (path_is_folder(run->folder)) status = run_claim(run, options->resume);
    if (status) return status;
    status = options->resume ? resume(run, options) : set_data(run, options->config.data);
    if (!status) status = open_data(run);
    if (!status) status = make_model(run, options->init);
    return status;
}

clae_status run_open(clae_context *context, const run_options *options, run **out) {
    *out = NULL;
    run *made = calloc(1, sizeof *made);
    if (!made) return fail_memory(context, sizeof *made, "a training run");
    made->context = context;
    made->lock = -1;
    made->config = options->config;
    made->folder = strdup(options->folder);
    clae_status status = made->folder ? open_run(made, options) : fail_memory(context, 1, "a path");
    if (status) {
        run_free(made);
    } else {
        *out = made;
    }
    return status;
}

static bool is_finished(const run *run) {
    const clae_dataset_info *train = clae_dataset_get_info(run->train);
    uint64_t steps_per_epoch = (train->n + run->config.batch_size - 1) / run->config.batch_size;
    char *model = run_folder_path(run->folder, RUN_MODEL_NAME);
    bool finished = run->checkpoint_step / steps_per_epoch >= run->config.epochs && model && path_exists(model);
    free(model);
    return finished;
}

run_info run_get_info(const run *run) {
    return (run_info){
        .config = &run->config,
        .train = clae_dataset_get_info(run->train),
        .test = clae_dataset_get_info(run->test),
        .model = run->model,
        .checkpoint = run->checkpoint,
        .checkpoint_step = run->checkpoint_step,
        .is_finished = is_finished(run),
    };
}

void run_free(run *run) {
    if (!run) return;
    clae_model_free(run->model);
    clae_dataset_free(run->train);
    clae_dataset_free(run->test);
    run_folder_unlock(run->lock);
    free(run->checkpoint);
    free(run->fingerprint);
    free(run->device);
    free(run->data);
    free(run->folder);
    free(run);
}
