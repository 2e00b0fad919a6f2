#define _GNU_SOURCE /* dladdr */
#include "base/libexec.h"

#include "base/memory.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the folder of the library or the program. */
static const char *const places[] = {
    ".",
    "../libexec/clae",     /* beside bin/ or lib/ */
    "../../libexec/clae",  /* beside lib/x86_64-linux-gnu/ */
    "opencl/trial",        /* a build folder's library, */
    "../opencl/trial",     /* program */
    "../src/opencl/trial", /* and tests */
};

static char *if_executable(char *path) {
    if (path && access(path, X_OK) == 0) return path;
    free(path);
    return NULL;
}

/* The folder of the file that this code was loaded from; false when that is not known. */
static bool own_folder(char *folder) {
    static const char anchor;
    Dl_info info;
    char path[PATH_MAX] = "";
    /* A program's own name is what it was started by, without a folder where the shell found it. */
    const bool named = dladdr(&anchor, &info) && info.dli_fname && strchr(info.dli_fname, '/');
    if (!realpath(named ? info.dli_fname : "/proc/self/exe", path)) return false;
    char *slash = strrchr(path, '/');
    if (!slash) return false;
    slash[slash == path] = '\0';
    strcpy(folder, path);
    return true;
}

char *libexec_find(const char *name) {
    char folder[PATH_MAX];
    const char *set = getenv("CLAE_LIBEXEC_DIR");
    if (set && *set) return if_executable(string_format("%s/%s", set, name));
    char *path = NULL;
    if (own_folder(folder))
        for (size_t i = 0; !path && i < ARRAY_LENGTH(places); i++)
            path = if_executable(string_format("%s/%s/%s", folder, places[i], name));
    return path ? path : if_executable(string_format("%s/%s", CLAE_LIBEXEC_DIR, name));
}
