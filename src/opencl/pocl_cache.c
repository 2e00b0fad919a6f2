#include "opencl/pocl_cache.h"

#include "base/files.h"
#include "base/memory.h"
#include "opencl/pocl_start.h"
#include "opencl/vendors.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* What the kernels of a network take, and as much again for what the compiler writes beside. */
#define LEAST_FREE_BYTES ((uint64_t)32 << 20)

bool opencl_is_pocl(const clae_device_info *info) {
    return strcmp(info->platform, "Portable Computing Language") == 0;
}

char *opencl_pocl_cache_usual(void) {
    const char *set = getenv("POCL_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (set && *set) return strdup(set);
    if (xdg && *xdg) return string_format("%s/pocl/kcache", xdg);
    return home && *home ? string_format("%s/.cache/pocl/kcache", home) : NULL;
}

bool opencl_pocl_cache_can_be_written(void) {
    const clae_context quiet = {.log_level = CLAE_LOG_ERROR};
    char *folder = opencl_pocl_cache_usual();
    const bool can = folder && folder_create(&quiet, folder) == CLAE_OK && access(folder, W_OK | X_OK) == 0;
    free(folder);
    return can;
}

/* Of the file system that a folder is on, or will be; UINT64_MAX where that is not known. */
static uint64_t free_bytes(const char *folder) {
    char *path = strdup(folder);
    struct statvfs info;
    while (path && statvfs(path, &info) != 0) {
        char *slash = strrchr(path, '/');
        if (!slash || slash == path) {
            free(path);
            return UINT64_MAX;
        }
        *slash = '\0';
    }
    const bool known = path != NULL;
    free(path);
    return known ? (uint64_t)info.f_bavail * info.f_frsize : UINT64_MAX;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    return walk->level > 0 ? remove(path) : 0;
}

/* Why a folder cannot be used, "" if it can. */
static void check_folder(const char *folder, char *why, size_t size) {
    const uint64_t left = free_bytes(folder);
    *why = '\0';
    if (left < LEAST_FREE_BYTES)
        snprintf(why, size, "has %llu MiB left on the disk", (unsigned long long)(left >> 20));
    else if (pocl_start_died(folder))
        snprintf(why, size, "died in an earlier start");
}

bool opencl_pocl_cache_step(const clae_context *context, pocl_cache_step step, char **folder, char *why, size_t size) {
    char *own = step == POCL_CACHE_USUAL ? NULL : opencl_private_folder(context, "pocl");
    char *usual = step == POCL_CACHE_USUAL ? opencl_pocl_cache_usual() : NULL;
    *folder = NULL;
    *why = '\0';
    if (step == POCL_CACHE_USUAL) {
        if (usual) check_folder(usual, why, size);
        free(usual);
        return !*why;
    }
    if (own && step == POCL_CACHE_EMPTIED) nftw(own, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    if (own) check_folder(own, why, size);
    if (own && !*why) {
        *folder = own;
        return true;
    }
    if (!own) snprintf(why, size, "has no folder that can be written");
    free(own);
    return false;
}

void opencl_pocl_cache_explain(const clae_context *context, const char *why, const char *folder) {
    char *usual = opencl_pocl_cache_usual();
    log_line(context, CLAE_LOG_WARNING,
             "pocl %s with its cache %s, and gets one of clae's own, %s; remove the first to mend it", why,
             usual ? usual : "in HOME", folder);
    free(usual);
}
