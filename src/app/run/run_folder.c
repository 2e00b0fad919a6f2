#include "app/run/run_folder.h"

#include "base/files.h"
#include "base/log_capture.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define ENTER_ATTEMPTS 10

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool names_folder(const char *path, int descriptor) {
    struct stat named, held;
    return !stat(path, &named) && !fstat(descriptor, &held) && is_same_file(&named, &held);
}

/* The beginning of the path that exists. */
static size_t existing_length(const char *path) {
    size_t length = strlen(path);
    char *part = strdup(path);
    if (!part) return length;
    while (length && !path_exists(part)) {
        while (length && part[length - 1] == '/') length--;
        while (length && part[length - 1] != '/') length--;
        part[length] = 0;
    }
    free(part);
    return length;
}

static clae_status open_and_lock(const clae_context *context, run_folder *folder) {
    int descriptor = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(context, CLAE_ERROR_OUTPUT, "%s: %s", folder->path, strerror(errno));
    if (flock(descriptor, LOCK_EX | LOCK_NB)) {
        if (errno == EWOULDBLOCK) {
            close(descriptor);
            return fail(context, CLAE_ERROR_INPUT, "%s: another training is at work in this folder", folder->path);
        }
        log_line(context, CLAE_LOG_WARNING, "%s cannot be locked (%s): start no other training there", folder->path,
                 strerror(errno));
    }
    folder->descriptor = descriptor;
    return CLAE_OK;
}

run_folder run_folder_at(char *path) {
    return (run_folder){.path = path, .descriptor = -1, .made_length = SIZE_MAX};
}

/* Tried again when the folder was removed or renamed between opening and locking it. */
clae_status run_folder_enter(const clae_context *context, run_folder *folder) {
    const size_t length = existing_length(folder->path);
    if (length < strlen(folder->path)) folder->made_length = length;
    for (int i = 0; i < ENTER_ATTEMPTS; i++) {
        clae_status status = folder_create(context, folder->path);
        if (!status) status = open_and_lock(context, folder);
        if (status) return status;
        if (names_folder(folder->path, folder->descriptor)) {
            folder_sweep_temporaries(context, folder->path);
            return CLAE_OK;
        }
        close(folder->descriptor);
        folder->descriptor = -1;
    }
    return fail(context, CLAE_ERROR_OUTPUT, "%s: the folder is renamed or removed all the time", folder->path);
}

/* rmdir takes empty folders alone. */
static void remove_made(const run_folder *folder) {
    size_t length = strlen(folder->path);
    for (char *path = folder->path; length > folder->made_length && (!rmdir(path) || errno == ENOENT);) {
        while (length && path[length - 1] == '/') length--;
        while (length && path[length - 1] != '/') length--;
        path[length] = 0;
    }
}

void run_folder_leave(run_folder *folder) {
    if (folder->path && folder->made_length != SIZE_MAX) remove_made(folder);
    if (folder->descriptor >= 0) close(folder->descriptor);
    free(folder->path);
    *folder = run_folder_at(NULL);
}

/* The present path of an open folder; false where the system cannot tell. */
static bool path_of(int descriptor, char path[PATH_BYTES]) {
#ifdef F_GETPATH
    return fcntl(descriptor, F_GETPATH, path) == 0;
#else
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    const ssize_t length = readlink(link, path, PATH_BYTES - 1);
    if (length < 0) return false;
    path[length] = 0;
    return true;
#endif
}

clae_status run_folder_follow(const clae_context *context, run_folder *folder) {
    char path[PATH_BYTES];
    if (names_folder(folder->path, folder->descriptor)) return CLAE_OK;
    if (!path_of(folder->descriptor, path) || !names_folder(path, folder->descriptor))
        return fail(context, CLAE_ERROR_OUTPUT, "%s: the folder was removed or renamed in mid-run; nothing was written",
                    folder->path);
    char *copy = strdup(path);
    if (!copy) return fail_memory(context, strlen(path), "a path");
    log_line(context, CLAE_LOG_WARNING, "%s was renamed: the run goes on in %s", folder->path, copy);
    free(folder->path);
    folder->path = copy;
    folder->made_length = SIZE_MAX;
    return CLAE_OK;
}

clae_status run_folder_check_file(const clae_context *context, const char *path) {
    struct stat file;
    if (stat(path, &file) || S_ISREG(file.st_mode)) return CLAE_OK;
    return fail(context, CLAE_ERROR_OUTPUT, "cannot write '%s': it exists and is not a regular file: remove it", path);
}

clae_status run_folder_is_used(const clae_context *context, const char *path, bool *is_used) {
    static const char *const names[] = {RUN_LOG_NAME, RUN_PLOT_NAME, RUN_MODEL_NAME, RUN_BEST_NAME};
    DIR *directory;
    bool used = false;
    *is_used = false;
    const clae_status status = folder_open(context, path, &directory);
    if (!directory) return status;
    for (struct dirent *entry; !used && (entry = readdir(directory));) {
        uint64_t step;
        used = checkpoint_name_step(entry->d_name, &step);
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++) used = used || !strcmp(entry->d_name, names[i]);
    }
    closedir(directory);
    *is_used = used;
    return CLAE_OK;
}

bool run_folder_has_model_of(clae_context *context, const char *folder, uint64_t step) {
    log_capture capture;
    safetensors_file file;
    uint64_t found;
    bool has = false;
    char *path = run_folder_path(folder, RUN_MODEL_NAME);
    if (path && path_exists(path)) {
        log_capture_begin(&capture, context);
        has = !safetensors_read(context, path, &file) && file_step(&file, &found) && found == step;
        log_capture_end(&capture);
        safetensors_free(&file);
    }
    free(path);
    return has;
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
