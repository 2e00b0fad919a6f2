/* Temporary files: their names, and those that a process left behind when it died. */
#include "base/temporaries.h"

#include "base/files.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define NAME_ATTEMPTS 100
#define ENDING ".tmp"

/* A name of this process's own, to be freed; NULL without memory. */
static char *make_name(const char *name, const struct timespec *now, unsigned long attempt) {
    return string_format(".%.200s.%ld-%lx" ENDING, name, (long)getpid(), (unsigned long)now->tv_nsec + attempt);
}

/* Creates a file of this name: its descriptor, or -1 and errno. `data` is the caller's. */
typedef int (*create_fn)(int folder, const char *name, int data);

static int create_new(int folder, const char *name, int data) {
    (void)data;
    return openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
}

static int create_link(int folder, const char *name, int fd) {
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0 ? fd : -1;
}

static int create(int folder, const char *name, create_fn fn, int data, char **temporary) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    *temporary = NULL;
    for (unsigned long attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
        char *made = make_name(name, &now, attempt);
        if (!made) {
            errno = ENOMEM;
            return -1;
        }
        const int fd = fn(folder, made, data);
        if (fd >= 0) {
            /* The lock says that its owner lives, to processes which do not see that by its number; some file systems
             * have none. */
            (void)flock(fd, LOCK_EX | LOCK_NB);
            *temporary = made;
            return fd;
        }
        free(made);
        if (errno != EEXIST) break;
    }
    return -1;
}

int temporary_open(int folder, const char *name, char **temporary) {
    return create(folder, name, create_new, 0, temporary);
}

int temporary_open_unnamed(int folder) {
#ifdef O_TMPFILE
    /* It is named by its descriptor. */
    if (access("/proc/self/fd", X_OK) == 0) return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
#else
    (void)folder;
#endif
    return -1;
}

int temporary_name(int folder, int fd, const char *name, char **temporary) {
    return create(folder, name, create_link, fd, temporary);
}

/* The process in the name of a temporary file; 0 for other names. */
static long process_of(const char *name) {
    const size_t length = strlen(name), ending = sizeof ENDING - 1;
    if (*name != '.' || length <= ending || strcmp(name + length - ending, ENDING) != 0) return 0;
    const char *end = name + length - ending, *dash = end, *dot;
    while (dash > name && *dash != '-') dash--;
    for (dot = dash; dot > name && *dot != '.'; dot--) continue;
    if (dot == name) return 0;
    char *stop;
    const long process = strtol(dot + 1, &stop, 10);
    if (stop != dash || process <= 0 || dot[1] < '1' || dot[1] > '9') return 0;
    if (strspn(dash + 1, "0123456789abcdef") != (size_t)(end - dash - 1)) return 0;
    return process;
}

/* Numbers of processes come again, in containers above all, and are those of one machine: the lock decides. */
static bool is_left_behind(int folder, const char *name, long process) {
    if (process != (long)getpid() && (kill((pid_t)process, 0) == 0 || errno != ESRCH)) return false;
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return false;
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return locked;
}

size_t folder_sweep_temporaries(const clae_context *context, const char *path) {
    DIR *folder = opendir(path);
    if (!folder) return 0;
    size_t count = 0;
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const long process = process_of(entry->d_name);
        if (process && is_left_behind(dirfd(folder), entry->d_name, process) &&
            unlinkat(dirfd(folder), entry->d_name, 0) == 0)
            count++;
    }
    closedir(folder);
    if (count) log_line(context, CLAE_LOG_DEBUG, "%s: %zu files of interrupted writing were removed", path, count);
    return count;
}
