#include "graph/run_files.h"

#include "base/files.h"
#include "base/log_capture.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKPOINT_FORMAT "checkpoint-%06" PRIu64 ".safetensors"
#define CHECKPOINT_NAME_BYTES 64

bool checkpoint_name_step(const char *name, uint64_t *step) {
    char expected[CHECKPOINT_NAME_BYTES];
    if (sscanf(name, "checkpoint-%" SCNu64, step) != 1) return false;
    snprintf(expected, sizeof expected, CHECKPOINT_FORMAT, *step);
    return !strcmp(name, expected);
}

char *run_folder_path(const char *folder, const char *name) {
    size_t length = strlen(folder);
    return string_format("%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", name);
}

char *run_folder_checkpoint_path(const char *folder, uint64_t step) {
    char name[CHECKPOINT_NAME_BYTES];
    snprintf(name, sizeof name, CHECKPOINT_FORMAT, step);
    return run_folder_path(folder, name);
}

static int newest_first(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left < right) - (left > right);
}

clae_status run_folder_checkpoints(const clae_context *context, const char *folder, uint64_t **steps, size_t *count) {
    *steps = NULL;
    *count = 0;
    DIR *directory = opendir(folder);
    if (!directory) {
        return errno == ENOENT ? CLAE_OK
                               : fail(context, status_of_errno(CLAE_ERROR_INPUT), "%s: %s", folder, strerror(errno));
    }
    clae_status status = CLAE_OK;
    for (struct dirent *entry; (entry = readdir(directory));) {
        uint64_t step;
        if (!checkpoint_name_step(entry->d_name, &step)) continue;
        uint64_t *longer = realloc(*steps, (*count + 1) * sizeof **steps);
        if (!longer) {
            status = fail_memory(context, (*count + 1) * sizeof **steps, "the list of checkpoints");
            break;
        }
        *steps = longer;
        longer[(*count)++] = step;
    }
    closedir(directory);
    if (*count) qsort(*steps, *count, sizeof **steps, newest_first);
    return status;
}

bool file_step(const safetensors_file *file, uint64_t *step) {
    const char *text = safetensors_metadata(file, "step");
    char *end = NULL;
    if (!text || *text < '0' || *text > '9') return false;
    errno = 0;
    *step = strtoull(text, &end, 10);
    return !errno && !*end;
}

clae_status checkpoint_check_name(const clae_context *context, const char *path, const safetensors_file *file,
                                  uint64_t named_step) {
    uint64_t step;
    if (!file_step(file, &step)) return fail(context, CLAE_ERROR_INPUT, "%s: is not a checkpoint (no step)", path);
    if (step == named_step) return CLAE_OK;
    return fail(context, CLAE_ERROR_INPUT, "%s: is of step %" PRIu64 "; rename it to " CHECKPOINT_FORMAT, path, step,
                step);
}

/* What is tried, newest first: checkpoints, and the model at `model_place` among them. */
typedef struct run_files {
    const char *folder;
    uint64_t *steps;
    size_t count, model_place; /* model_place: count where there is no model */
    bool has_model;
} run_files;

/* A model that does not say its step is taken for the newest: it is none of a run that goes on. */
static clae_status place_model(clae_context *context, run_files *files) {
    log_capture capture;
    safetensors_file file;
    uint64_t step;
    char *path = run_folder_path(files->folder, RUN_MODEL_NAME);
    if (!path) return fail_memory(context, strlen(files->folder), "a path");
    clae_status status = CLAE_OK;
    files->has_model = path_exists(path);
    if (files->has_model && files->count) {
        log_capture_begin(&capture, context);
        status = safetensors_read(context, path, &file);
        log_capture_end(&capture);
        if (!status && file_step(&file, &step))
            while (files->model_place < files->count && files->steps[files->model_place] > step) files->model_place++;
        safetensors_free(&file);
    }
    free(path);
    /* What is wrong with the model itself is said when its turn comes. */
    return !status || status == CLAE_ERROR_INPUT ? CLAE_OK : fail(context, status, "%s", capture.error);
}

static clae_status load_path(clae_context *context, const char *path, const uint64_t *named_step, run_file_load_fn load,
                             void *user) {
    safetensors_file file;
    if (!path) return fail_memory(context, CHECKPOINT_NAME_BYTES, "a path");
    clae_status status = safetensors_read(context, path, &file);
    if (!status && named_step) status = checkpoint_check_name(context, path, &file, *named_step);
    if (!status) status = load(context, path, &file, user);
    safetensors_free(&file);
    return status;
}

static clae_status load_newest(clae_context *context, const run_files *files, run_file_load_fn load, void *user) {
    log_capture capture;
    char first_message[sizeof capture.error] = "";
    clae_status status = CLAE_ERROR_INPUT;
    const size_t tries = files->count + files->has_model;
    for (size_t i = 0, checkpoint = 0; i < tries && status == CLAE_ERROR_INPUT; i++) {
        const bool is_model = files->has_model && i == files->model_place;
        const uint64_t *step = is_model ? NULL : &files->steps[checkpoint++];
        char *path = is_model ? run_folder_path(files->folder, RUN_MODEL_NAME)
                              : run_folder_checkpoint_path(files->folder, *step);
        log_capture_begin(&capture, context);
        status = load_path(context, path, step, load, user);
        log_capture_end(&capture);
        if (!status && *first_message) log_line(context, CLAE_LOG_WARNING, "%s; %s is used", first_message, path);
        if (status && !*first_message) memcpy(first_message, capture.error, sizeof first_message);
        if (status && status != CLAE_ERROR_INPUT) fail(context, status, "%s", capture.error);
        free(path);
    }
    if (status != CLAE_ERROR_INPUT) return status;
    return tries > 1 ? fail(context, status, "%s; nothing else in %s can be used", first_message, files->folder)
                     : fail(context, status, "%s", first_message);
}

clae_status run_file_load(clae_context *context, const char *path, run_file_load_fn load, void *user) {
    if (!path_is_folder(path)) return load_path(context, path, NULL, load, user);
    run_files files = {.folder = path};
    clae_status status = run_folder_checkpoints(context, path, &files.steps, &files.count);
    if (!status) status = place_model(context, &files);
    if (!status && (files.count || files.has_model))
        status = load_newest(context, &files, load, user);
    else if (!status)
        status = fail(context, CLAE_ERROR_INPUT, "%s: holds neither %s nor a checkpoint", path, RUN_MODEL_NAME);
    free(files.steps);
    return status;
}
