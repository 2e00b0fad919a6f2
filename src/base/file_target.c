#include "base/file_target.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as many as Linux follows */
#define FOLDER_BYTES 64

/* A search for the end of a chain of links. */
typedef struct search {
    const clae_context *context;
    const char *asked;
    char *path; /* where it has come to */
    file_target *target;
} search;

static clae_status fail_here(const search *s, const char *what) {
    return fail(s->context, CLAE_ERROR_OUTPUT, "cannot write '%s': %s", s->asked, what);
}

static clae_status fail_errno(const search *s, const char *what) {
    return fail(s->context, status_of_errno(CLAE_ERROR_OUTPUT), "cannot write '%s': %s: %s", s->asked, what,
                strerror(errno));
}

/* The number in "<folder>/<number>"; -1 for anything else. */
static int number_in_folder(const char *path, const char *folder) {
    const size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || path[length] != '/') return -1;
    const char *digits = path + length + 1;
    const size_t count = strspn(digits, "0123456789");
    return count == 0 || count > 6 || digits[count] ? -1 : atoi(digits);
}

/* The descriptor that a path names; -1 for the path of a file. */
static int descriptor_of(const char *path) {
    char own[FOLDER_BYTES];
    snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    const char *const folders[] = {"/dev/fd", "/proc/self/fd", own};
    if (strcmp(path, "/dev/stdout") == 0) return STDOUT_FILENO;
    if (strcmp(path, "/dev/stderr") == 0) return STDERR_FILENO;
    for (size_t i = 0; i < ARRAY_LENGTH(folders); i++) {
        const int number = number_in_folder(path, folders[i]);
        if (number >= 0) return number;
    }
    return -1;
}

static clae_status take_descriptor(const search *s, int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0) return fail_errno(s, "it is not open");
    if ((flags & O_ACCMODE) == O_RDONLY) return fail_here(s, "it is open for reading only");
    s->target->kind = TARGET_DESCRIPTOR;
    s->target->descriptor = descriptor;
    return CLAE_OK;
}

/* Splits the path into the target's folder and name. */
static clae_status open_folder(const search *s) {
    file_target *t = s->target;
    char *slash = strrchr(s->path, '/');
    const char *name = slash ? slash + 1 : s->path;
    if (!*name) return fail_here(s, "it names no file");
    t->name = strdup(name);
    char *folder = !slash ? strdup(".") : strndup(s->path, slash == s->path ? 1 : (size_t)(slash - s->path));
    if (folder && t->name) t->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const clae_status status = !folder || !t->name ? fail_memory(s->context, strlen(s->path), "a path")
                               : t->folder < 0     ? fail_errno(s, "cannot open its folder")
                                                   : CLAE_OK;
    free(folder);
    return status;
}

/* The path without links and dots in its folder: a name like stdout in the folder /dev is known by it. */
static clae_status make_plain(search *s) {
    char *slash = strrchr(s->path, '/');
    if (slash) slash[slash == s->path] = '\0';
    char *folder = realpath(slash ? s->path : ".", NULL);
    if (!folder) return fail_errno(s, "cannot open its folder");
    char *plain = string_format("%s/%s", strcmp(folder, "/") == 0 ? "" : folder, s->target->name);
    free(folder);
    free(s->path);
    s->path = plain;
    return plain ? CLAE_OK : fail_memory(s->context, strlen(s->asked), "a path");
}

/* Goes on to what the link at the target says. */
static clae_status follow_link(search *s) {
    char text[PATH_MAX];
    const ssize_t length = readlinkat(s->target->folder, s->target->name, text, sizeof text - 1);
    if (length < 0) return fail_errno(s, "cannot read the link");
    text[length] = '\0';
    const int folder_bytes = (int)(strrchr(s->path, '/') - s->path);
    char *next = *text == '/' ? string_format("%s", text) : string_format("%.*s/%s", folder_bytes, s->path, text);
    free(s->path);
    s->path = next;
    file_target_close(s->target);
    return next ? CLAE_OK : fail_memory(s->context, sizeof text, "a path");
}

static clae_status take_file(const search *s) {
    file_target *t = s->target;
    const mode_t mode = t->old.st_mode;
    if (!t->has_old || S_ISREG(mode)) return CLAE_OK;
    if (S_ISDIR(mode)) return fail_here(s, "it is a folder");
    if (!S_ISCHR(mode) && !S_ISFIFO(mode))
        return fail_here(s, "it is neither a file, nor a pipe or a device of characters");
    t->kind = TARGET_SPECIAL;
    return CLAE_OK;
}

/* One link of the chain; *found at its end. */
static clae_status take_step(search *s, bool *found) {
    int descriptor = descriptor_of(s->path);
    if (descriptor < 0) {
        clae_status status = open_folder(s);
        if (status == CLAE_OK) status = make_plain(s);
        if (status != CLAE_OK) return status;
        descriptor = descriptor_of(s->path);
    }
    *found = true;
    if (descriptor >= 0) {
        file_target_close(s->target);
        return take_descriptor(s, descriptor);
    }
    file_target *t = s->target;
    t->has_old = fstatat(t->folder, t->name, &t->old, AT_SYMLINK_NOFOLLOW) == 0;
    if (!t->has_old && errno != ENOENT) return fail_errno(s, "cannot look it up");
    *found = !t->has_old || !S_ISLNK(t->old.st_mode);
    return *found ? take_file(s) : follow_link(s);
}

clae_status file_target_find(const clae_context *context, const char *path, file_target *target) {
    *target = (file_target){.folder = -1, .descriptor = -1};
    search s = {context, path, strdup(path), target};
    bool found = false;
    clae_status status = s.path ? CLAE_OK : fail_memory(context, strlen(path), "a path");
    for (int links = 0; links < LINKS_MAX && !found && status == CLAE_OK; links++) status = take_step(&s, &found);
    if (status == CLAE_OK && !found) status = fail_here(&s, "its links lead to one another");
    free(s.path);
    return status;
}

void file_target_close(file_target *target) {
    if (target->folder >= 0) close(target->folder);
    free(target->name);
    *target = (file_target){.folder = -1, .descriptor = -1};
}
