#include "train/run_folder.h"

#include "base/files.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define CHECKPOINT_FORMAT "checkpoint-%06" PRIu64 ".safetensors"
#define CHECKPOINT_NAME_BYTES 64

clae_status run_folder_lock(const clae_context *context, const char *folder, int *lock) {
    clae_status status = folder_create(context, folder);
    if (status) return status;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(context, CLAE_ERROR_OUTPUT, "%s: %s", folder, strerror(errno));
    if (flock(descriptor, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) {
            close(descriptor);
            return fail(context, CLAE_ERROR_INPUT, "%s: another training is at work in this folder", folder);
        }
        log_line(context, CLAE_LOG_WARNING, "%s cannot be locked (%s): start no other training there", folder,
                 strerror(errno));
    }
    *lock = descriptor;
    return CLAE_OK;
}

void run_folder_unlock(int lock) {
    if (lock >= 0) close(lock);
}

/* The step in a checkpoint's file name; false for any other name. */
static bool checkpoint_step(const char *name, uint64_t *step) {
    char expected[CHECKPOINT_NAME_BYTES];
    if (sscanf(name, "checkpoint-%" SCNu64, step) != 1) return false;
    snprintf(expected, sizeof expected, CHECKPOINT_FORMAT, *step);
    return !strcmp(name, expected);
}

bool run_folder_is_used(const char *folder) {
    static const char *const names[] = {RUN_LOG_NAME, RUN_PLOT_NAME, RUN_MODEL_NAME};
    DIR *directory = opendir(folder);
    if (!directory) return false;
    bool used = false;
    for (struct dirent *entry; !used && (entry = readdir(directory));) {
        uint64_t step;
        used = checkpoint_step(entry->d_name, &step);
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) used = used || !strcmp(entry->d_name, names[i]);
    }
    closedir(directory);
    return used;
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
        if (!checkpoint_step(entry->d_name, &step)) continue;
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

static void remove_file(const clae_context *context, const char *path) {
    if (unlink(path) && errno != ENOENT) {
        log_line(context, CLAE_LOG_WARNING, "%s could not be removed: %s", path, strerror(errno));
    }
}

void run_folder_remove_before(const clae_context *context, const char *folder, uint64_t step) {
    uint64_t *steps;
    size_t count;
    if (!run_folder_checkpoints(context, folder, &steps, &count)) {
        for (size_t i = 0; i < count; i++) {
            char *path = steps[i] < step ? run_folder_checkpoint_path(folder, steps[i]) : NULL;
            if (path) remove_file(context, path);
            free(path);
        }
    }
    free(steps);
}

void run_folder_remove_model(const clae_context *context, const char *folder) {
    char *path = run_folder_path(folder, RUN_MODEL_NAME);
    if (path) remove_file(context, path);
    free(path);
}
