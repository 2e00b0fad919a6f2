#include "base/files.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool path_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

bool file_is_at(const struct stat *file, const char *path) {
    struct stat other;
    return path && stat(path, &other) == 0 && other.st_dev == file->st_dev && other.st_ino == file->st_ino;
}

clae_status folder_open(const clae_context *context, const char *path, DIR **folder) {
    *folder = opendir(path);
    if (*folder || errno == ENOENT || errno == ENOTDIR) return CLAE_OK;
    return fail(context, status_of_errno(CLAE_ERROR_INPUT), "cannot open the folder '%s': %s", path, strerror(errno));
}

bool path_is_folder(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static clae_status create_one(const clae_context *context, const char *path) {
    if (mkdir(path, 0777) == 0 || path_is_folder(path)) return CLAE_OK;
    int error = errno == EEXIST ? ENOTDIR : errno;
    return fail(context, status_of_errno(CLAE_ERROR_OUTPUT), "cannot create the folder '%s': %s", path,
                strerror(error));
}

clae_status folder_create(const clae_context *context, const char *path) {
    if (!*path) return fail(context, CLAE_ERROR_OUTPUT, "cannot create a folder with an empty name");
    if (path_is_folder(path)) return CLAE_OK;
    char *part = strdup(path);
    if (!part) return fail_memory(context, strlen(path) + 1, "a path");
    clae_status status = CLAE_OK;
    for (char *slash = strchr(part + 1, '/'); slash && status == CLAE_OK; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        status = create_one(context, part);
        *slash = '/';
    }
    if (status == CLAE_OK) status = create_one(context, part);
    free(part);
    return status;
}

char *xdg_folder(const char *variable, const char *fallback) {
    const char *base = getenv(variable);
    if (base && *base == '/') return string_format("%s/clae", base);
    const char *home = getenv("HOME");
    if (home && *home == '/') return string_format("%s/%s/clae", home, fallback);
    return NULL;
}
