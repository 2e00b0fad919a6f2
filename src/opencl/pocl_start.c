#include "opencl/pocl_start.h"

#include "base/memory.h"

#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#define MARK "clae-start-"

void pocl_start_begin(pocl_start *start, const char *folder) {
    *start = (pocl_start){0};
    char *path = folder ? string_format("%s/" MARK "XXXXXX", folder) : NULL;
    const int descriptor = path ? mkstemp(path) : -1;
    if (descriptor >= 0 && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && flock(descriptor, LOCK_EX | LOCK_NB) == 0) {
        *start = (pocl_start){path, descriptor, 0};
        return;
    }
    if (descriptor >= 0) {
        unlink(path);
        close(descriptor);
    }
    free(path);
}

void pocl_start_end(pocl_start *start) {
    if (!start->path) return;
    unlink(start->path);
    close(start->descriptor);
    free(start->path);
    *start = (pocl_start){0};
}

void pocl_start_has_run(pocl_start *start, unsigned kernels_made) {
    if (!start->path) return;
    if (kernels_made && kernels_made == start->kernels_seen)
        pocl_start_end(start);
    else
        start->kernels_seen = kernels_made;
}

static bool is_held(const char *path) {
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool held = descriptor < 0 || flock(descriptor, LOCK_EX | LOCK_NB) != 0;
    if (descriptor >= 0) close(descriptor);
    return held;
}

bool pocl_start_died(const char *folder) {
    char *pattern = string_format("%s/" MARK "??????", folder);
    glob_t marks = {0};
    bool died = false;
    if (pattern && glob(pattern, GLOB_NOSORT, NULL, &marks) == 0)
        for (size_t i = 0; i < marks.gl_pathc; i++) died = died || !is_held(marks.gl_pathv[i]);
    globfree(&marks);
    free(pattern);
    return died;
}
