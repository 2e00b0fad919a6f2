#include "app/run/run_open.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/image_format.h"
#include "train/micro_batch.h"
#include "train/network.h"
#include "train/optimiser.h"
#include "train/settings_data.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static clae_status make_absolute(run *run, const char *name, const char *value) {
    errno = 0;
    char *path = value ? image_path_absolute(value) : NULL;
    bool ok = path ? setting_read(settings_find(name, SETTINGS_DATA), &run->settings, path) : errno != ENOMEM;
    free(path);
    return ok ? CLAE_OK : fail_memory(run->context, strlen(value), "a path");
}

/* It need not be there yet. */
static clae_status make_cache_absolute(run *run) {
    const char *cache = run->settings.cache;
    if (!cache || *cache == '/') return CLAE_OK;
    char *here = getcwd(NULL, 0), *path = here ? string_format("%s/%s", here, cache) : NULL;
    bool ok = path && setting_read(settings_find("cache", SETTINGS_DATA), &run->settings, path);
    free(path);
    free(here);
    return ok ? CLAE_OK : fail_memory(run->context, strlen(cache), "a path");
}

/* Paths are kept absolute, so that a run can be resumed from another folder. */
static clae_status make_data_absolute(run *run) {
    const clae_settings *settings = &run->settings;
    if (!settings->data)
        return fail(run->context, CLAE_ERROR_INPUT,
                    "--data D is missing (images to train on, like a folder of pictures)");
    clae_status status = make_absolute(run, "data", settings->data);
    if (!status) status = make_absolute(run, "test-data", settings->test_data);
    if (!status) status = make_absolute(run, "labels", settings->labels);
    return status ? status : make_cache_absolute(run);
}

static clae_status start_afresh(run *run) {
    char *model = run_folder_path(run->folder.path, RUN_MODEL_NAME);
    const bool has_model = model && path_exists(model);
    free(model);
    if (has_model)
        return fail(run->context, CLAE_ERROR_INPUT,
                    "%s holds a %s but no checkpoint to go on from: start from its weights by --init %s, with another "
                    "folder for --out",
                    run->folder.path, RUN_MODEL_NAME, run->folder.path);
    log_line(run->context, CLAE_LOG_INFO, "%s holds no checkpoint yet: training starts from the beginning",
             run->folder.path);
    return make_data_absolute(run);
}

/* Takes what is not given from the run that is resumed. */
static clae_status resume(run *run) {
    char message[RUN_MESSAGE_BYTES];
    const run_checkpoint *found = &run->resumed;
    clae_status status =
        run_checkpoint_find(run->context, run->folder.path, UINT64_MAX, &run->resumed, message, sizeof message);
    if (status) return status;
    if (!found->path && *message)
        return fail(run->context, CLAE_ERROR_INPUT, "%s; no checkpoint in %s can be resumed", message,
                    run->folder.path);
    if (!found->path) return start_afresh(run);
    if (*message)
        log_line(run->context, CLAE_LOG_WARNING, "%s; going on from the checkpoint of step %" PRIu64, message,
                 found->step);
    status = settings_merge(run->context, run->folder.path, &found->settings, &run->settings);
    return status ? status : make_data_absolute(run);
}

static clae_status hold_out(run *run) {
    const clae_settings *s = &run->settings;
    if (s->patience && !(s->validation > 0))
        return fail(run->context, CLAE_ERROR_INPUT,
                    "--patience needs --validation X, images by which training is judged");
    if (!(s->validation > 0)) return CLAE_OK;
    run->all = run->train;
    run->train = NULL;
    return dataset_hold_out(run->all, s->validation, s->seed, &run->train, &run->validation);
}

static clae_status open_data(run *run) {
    const clae_settings *settings = &run->settings;
    clae_status status = settings_open_splits(run->context, settings, &run->train, &run->test);
    if (status) return status;
    const clae_dataset_info *train = clae_dataset_get_info(run->train), *test = clae_dataset_get_info(run->test);
    run->tests_on_training_images = !strcmp(train->fingerprint, test->fingerprint);
    clae_dataset_limit(run->train, settings->limit_train);
    status = hold_out(run);
    if (status) return status;
    train = clae_dataset_get_info(run->train);
    const run_checkpoint *resumed = &run->resumed;
    if (resumed->path && strcmp(resumed->fingerprint, train->fingerprint)) {
        return fail(run->context, CLAE_ERROR_INPUT, "%s was trained on other images than those of --data %s",
                    run->folder.path, settings->data);
    }
    if (resumed->test_fingerprint && strcmp(resumed->test_fingerprint, test->fingerprint)) {
        return fail(run->context, CLAE_ERROR_INPUT,
                    "%s was tested on other images than the test images of %s %s, so that the rows of its log "
                    "could not be compared%s%s",
                    run->folder.path, settings->test_data ? "--test-data" : "--data",
                    settings->test_data ? settings->test_data : settings->data,
                    resumed->settings.test_data ? "; it had --test-data " : "",
                    resumed->settings.test_data ? resumed->settings.test_data : "");
    }
    return CLAE_OK;
}

size_t run_batch_size(const run *run) {
    const size_t n = clae_dataset_get_info(run->train)->n;
    return run->settings.batch_size < n ? (size_t)run->settings.batch_size : n;
}

static clae_status make_model(run *run, const char *init) {
    const clae_dataset_info *images = clae_dataset_get_info(run->train);
    const clae_shape shape = {images->c, images->h, images->w};
    const clae_settings *stored = run->resumed.path ? &run->resumed.settings : NULL;
    clae_status status = network_create(run->context, &run->settings, &shape, &run->model);
    if (!status && stored && settings_say_network(&run->settings))
        status = network_check_same(run->context, run->folder.path, stored, run->model);
    if (!status && stored) settings_say_changes(run->context, run->folder.path, stored, &run->settings);
    if (!status) status = network_keep(run->context, run->model, &run->settings);
    if (!status) status = dataset_check_shape(run->test, clae_model_input_shape(run->model), "the autoencoder");
    if (!status && init) status = clae_model_load_weights(run->model, init);
    return status;
}

clae_status run_claim(run *run, bool resume) {
    if (run->folder.descriptor >= 0) return CLAE_OK;
    bool is_used = false;
    clae_status status = run_folder_enter(run->context, &run->folder);
    if (!status && !resume) status = run_folder_is_used(run->context, run->folder.path, &is_used);
    if (status || !is_used) return status;
    return fail(run->context, CLAE_ERROR_INPUT,
                "%s holds a training run already: go on with it by --resume, or choose another folder",
                run->folder.path);
}

static clae_status open_run(run *run, const run_options *options) {
    clae_status status = network_check(run->context, &options->settings);
    if (status) return status;
    if (path_is_folder(run->folder.path)) status = run_claim(run, options->resume);
    if (status) return status;
    status = options->resume ? resume(run) : make_data_absolute(run);
    optimiser_complete(&run->settings);
    if (!status) status = impls_check(run->context, run->settings.impl);
    if (!status) status = open_data(run);
    if (!status) status = micro_batch_check(run->context, &run->settings, clae_dataset_get_info(run->train)->n);
    if (!status) status = make_model(run, options->init);
    return status;
}

clae_status run_open(clae_context *context, const run_options *options, run **out) {
    *out = NULL;
    run *made = calloc(1, sizeof *made);
    if (!made) return fail_memory(context, sizeof *made, "a training run");
    made->context = context;
    const bool is_copied = settings_copy(&options->settings, &made->settings);
    made->folder = run_folder_at(strdup(options->folder));
    clae_status status =
        is_copied && made->folder.path ? open_run(made, options) : fail_memory(context, 1, "a training run");
    if (status) {
        run_free(made);
    } else {
        *out = made;
    }
    return status;
}

static uint64_t steps_per_epoch(const run *run) {
    const uint64_t n = clae_dataset_get_info(run->train)->n, batch_size = run_batch_size(run);
    return (n + batch_size - 1) / batch_size;
}

run_info run_get_info(const run *run) {
    const uint64_t epochs = run->resumed.step / steps_per_epoch(run);
    return (run_info){
        .settings = &run->settings,
        .train = clae_dataset_get_info(run->train),
        .test = clae_dataset_get_info(run->test),
        .validation = run->validation ? clae_dataset_get_info(run->validation) : NULL,
        .tests_on_training_images = run->tests_on_training_images,
        .batch_size = run_batch_size(run),
        .model = run->model,
        .checkpoint = run->resumed.path,
        .checkpoint_step = run->resumed.step,
        .checkpoint_epochs = epochs,
        .is_finished = run->resumed.path && epochs >= run->settings.epochs &&
                       run_folder_has_model_of(run->context, run->folder.path, run->resumed.step),
    };
}

void run_free(run *run) {
    if (!run) return;
    clae_model_free(run->model);
    clae_dataset_free(run->train);
    clae_dataset_free(run->validation);
    clae_dataset_free(run->all);
    clae_dataset_free(run->test);
    run_checkpoint_free(&run->resumed);
    run_folder_leave(&run->folder);
    settings_release(&run->settings);
    free(run);
}
