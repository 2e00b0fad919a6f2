#include "base/files.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LARGEST_TRANSFER_BYTES ((size_t)1 << 30) /* some systems refuse more in one call */
#define NAME_ATTEMPTS 100

typedef struct atomic_file {
    const clae_context *context;
    const char *path;
    const char *name; /* the last component of path */
    char *temporary;  /* a name in the folder; NULL while there is none */
    int folder, fd;   /* -1 while not open */
} atomic_file;

static clae_status fail_write(const atomic_file *f, const char *what) {
    return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': %s: %s", f->path, what, strerror(errno));
}

static clae_status open_folder(atomic_file *f) {
    const char *slash = strrchr(f->path, '/');
    f->name = slash ? slash + 1 : f->path;
    if (!*f->name) return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': it names no file", f->path);
    char *folder = !slash ? strdup(".") : strndup(f->path, slash == f->path ? 1 : (size_t)(slash - f->path));
    if (!folder) return fail_memory(f->context, strlen(f->path), "a path");
    f->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return f->folder < 0 ? fail_write(f, "cannot open its folder") : CLAE_OK;
}

static clae_status open_temporary(atomic_file *f) {
    struct stat old;
    bool has_old = fstatat(f->folder, f->name, &old, 0) == 0;
    /* A rename over /dev/null or /dev/stdout would replace the device. */
    if (has_old && !S_ISREG(old.st_mode))
        return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': it exists and is not a regular file", f->path);

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
        char *name =
            string_format(".%.200s.%ld-%lx.tmp", f->name, (long)getpid(), (unsigned long)now.tv_nsec + attempt);
        if (!name) return fail_memory(f->context, strlen(f->name) + 40, "a file name");
        f->fd = openat(f->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (f->fd >= 0) {
            f->temporary = name;
            if (has_old && fchmod(f->fd, old.st_mode & 0777) != 0) return fail_write(f, "setting its mode");
            return CLAE_OK;
        }
        free(name);
        if (errno != EEXIST) break;
    }
    return fail_write(f, "cannot create a temporary file beside it");
}

static clae_status write_part(const atomic_file *f, const file_part *part) {
    const uint8_t *p = part->data;
    size_t left = part->bytes;
    while (left > 0) {
        ssize_t written = write(f->fd, p, left < LARGEST_TRANSFER_BYTES ? left : LARGEST_TRANSFER_BYTES);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return fail_write(f, "writing");
        p += written;
        left -= (size_t)written;
    }
    return CLAE_OK;
}

static clae_status write_all(const atomic_file *f, const file_part *parts, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        clae_status status = write_part(f, &parts[i]);
        if (status != CLAE_OK) return status;
        total += parts[i].bytes;
    }
    struct stat st;
    if (fstat(f->fd, &st) != 0) return fail_write(f, "checking its size");
    if ((uint64_t)st.st_size != total)
        return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': %llu of %llu bytes are there", f->path,
                    (unsigned long long)st.st_size, (unsigned long long)total);
    return CLAE_OK;
}

/* A failed fsync is not tried again: the pages may be gone and the second call may lie. */
static clae_status commit(atomic_file *f) {
    if (fsync(f->fd) != 0) return fail_write(f, "flushing to the disk");
    int closed = close(f->fd);
    f->fd = -1;
    if (closed != 0) return fail_write(f, "closing");
    if (renameat(f->folder, f->temporary, f->folder, f->name) != 0) return fail_write(f, "renaming");
    free(f->temporary);
    f->temporary = NULL;
    /* EINVAL: a file system whose folders cannot be flushed. */
    if (fsync(f->folder) != 0 && errno != EINVAL) return fail_write(f, "flushing its folder to the disk");
    return CLAE_OK;
}

clae_status file_write_atomic(const clae_context *context, const char *path, const file_part *parts, size_t count) {
    atomic_file f = {.context = context, .path = path, .folder = -1, .fd = -1};
    clae_status status = open_folder(&f);
    if (status == CLAE_OK) status = open_temporary(&f);
    if (status == CLAE_OK) status = write_all(&f, parts, count);
    if (status == CLAE_OK) status = commit(&f);

    if (f.fd >= 0) close(f.fd);
    if (f.temporary) unlinkat(f.folder, f.temporary, 0);
    free(f.temporary);
    if (f.folder >= 0) close(f.folder);
    return status;
}

/* Reads until `bytes` are there or the file ends; -1 and errno on a fault. */
static ssize_t read_fully(int fd, uint8_t *data, size_t bytes) {
    size_t total = 0;
    while (total < bytes) {
        size_t left = bytes - total;
        ssize_t got = read(fd, data + total, left < LARGEST_TRANSFER_BYTES ? left : LARGEST_TRANSFER_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        total += (size_t)got;
    }
    return (ssize_t)total;
}

clae_status file_read(const clae_context *context, const char *path, const char *what, size_t max_bytes, uint8_t **data,
                      size_t *bytes) {
    *data = NULL;
    *bytes = 0;
    clae_status status = CLAE_ERROR_INPUT;
    uint8_t *buffer = NULL;
    struct stat st;
    /* O_NONBLOCK: opening a pipe without a writer would wait for ever. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        status = fail(context, status, "cannot open the %s '%s': %s", what, path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(st.st_mode)) {
        status = fail(context, status, "'%s' is not a regular file: a %s is needed", path, what);
        goto done;
    }
    if ((uint64_t)st.st_size > max_bytes || (uint64_t)st.st_size >= SIZE_MAX) {
        status = fail(context, status, "'%s' has %llu bytes: a %s has at most %zu", path,
                      (unsigned long long)st.st_size, what, max_bytes);
        goto done;
    }
    size_t size = (size_t)st.st_size;
    buffer = malloc(size + 1);
    if (!buffer) {
        status = fail_memory(context, size + 1, path);
        goto done;
    }
    /* The byte beyond the size must not be there. */
    ssize_t got = read_fully(fd, buffer, size + 1);
    if (got < 0) {
        status = fail(context, status, "cannot read the %s '%s': %s", what, path, strerror(errno));
        goto done;
    }
    if ((size_t)got != size) {
        status = fail(context, status, "the %s '%s' changed while it was read: try again", what, path);
        goto done;
    }
    buffer[size] = 0;
    *data = buffer;
    *bytes = size;
    buffer = NULL;
    status = CLAE_OK;
done:
    free(buffer);
    if (fd >= 0) close(fd);
    return status;
}
