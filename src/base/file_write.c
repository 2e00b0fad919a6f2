/* Files are replaced as a whole; devices, pipes and open descriptors are written in place. */
#include "base/file_target.h"
#include "base/files.h"
#include "base/temporaries.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LARGEST_TRANSFER_BYTES ((size_t)1 << 30) /* some systems refuse more in one call */

typedef struct output_file {
    const clae_context *context;
    const char *path;
    file_target target;
    char *temporary; /* a name in the target's folder; NULL while there is none */
    int fd;          /* -1 while not open */
} output_file;

static clae_status fail_write(const output_file *f, const char *what) {
    return fail(f->context, status_of_errno(CLAE_ERROR_OUTPUT), "cannot write '%s': %s: %s", f->path, what,
                strerror(errno));
}

static clae_status open_temporary(output_file *f) {
    f->fd = temporary_open(f->target.folder, f->target.name, &f->temporary);
    if (f->fd < 0) return fail_write(f, "cannot create a temporary file beside it");
    if (f->target.has_old && fchmod(f->fd, f->target.old.st_mode & 0777) != 0) return fail_write(f, "setting its mode");
    return CLAE_OK;
}

static clae_status open_in_place(output_file *f) {
    if (f->target.kind == TARGET_DESCRIPTOR)
        f->fd = fcntl(f->target.descriptor, F_DUPFD_CLOEXEC, 3);
    else
        f->fd = openat(f->target.folder, f->target.name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    return f->fd < 0 ? fail_write(f, "cannot open it") : CLAE_OK;
}

/* Waits for a pipe that its reader set to non-blocking. */
static bool may_go_on(int fd) {
    if (errno == EINTR) return true;
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
    return poll(&wait, 1, -1) >= 0 || errno == EINTR;
}

static clae_status write_part(const output_file *f, const file_part *part) {
    const uint8_t *p = part->data;
    size_t left = part->bytes;
    while (left > 0) {
        ssize_t written = write(f->fd, p, left < LARGEST_TRANSFER_BYTES ? left : LARGEST_TRANSFER_BYTES);
        if (written < 0 && may_go_on(f->fd)) continue;
        if (written < 0) return fail_write(f, "writing");
        p += written;
        left -= (size_t)written;
    }
    return CLAE_OK;
}

static clae_status write_all(const output_file *f, const file_part *parts, size_t count) {
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i++) status = write_part(f, &parts[i]);
    return status;
}

static clae_status check_size(const output_file *f, const file_part *parts, size_t count) {
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) total += parts[i].bytes;
    struct stat st;
    if (fstat(f->fd, &st) != 0) return fail_write(f, "checking its size");
    if ((uint64_t)st.st_size != total)
        return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': %llu of %llu bytes are there", f->path,
                    (unsigned long long)st.st_size, (unsigned long long)total);
    return CLAE_OK;
}

static clae_status close_file(output_file *f) {
    int closed = close(f->fd);
    f->fd = -1;
    return closed != 0 ? fail_write(f, "closing") : CLAE_OK;
}

/* A failed fsync is not tried again: the pages may be gone and the second call may lie. */
static clae_status commit(output_file *f) {
    const file_target *t = &f->target;
    if (fsync(f->fd) != 0) return fail_write(f, "flushing to the disk");
    clae_status status = close_file(f);
    if (status != CLAE_OK) return status;
    if (renameat(t->folder, f->temporary, t->folder, t->name) != 0) return fail_write(f, "renaming");
    free(f->temporary);
    f->temporary = NULL;
    /* EINVAL: a file system whose folders cannot be flushed. */
    if (fsync(t->folder) != 0 && errno != EINVAL) return fail_write(f, "flushing its folder to the disk");
    return CLAE_OK;
}

static void release(output_file *f) {
    if (f->fd >= 0) close(f->fd);
    if (f->temporary) unlinkat(f->target.folder, f->temporary, 0);
    free(f->temporary);
    file_target_close(&f->target);
}

clae_status file_write_atomic(const clae_context *context, const char *path, const file_part *parts, size_t count) {
    output_file f = {.context = context, .path = path, .fd = -1};
    clae_status status = file_target_find(context, path, &f.target);
    const bool in_place = f.target.kind != TARGET_FILE;
    if (status == CLAE_OK) status = in_place ? open_in_place(&f) : open_temporary(&f);
    if (status == CLAE_OK) status = write_all(&f, parts, count);
    if (status == CLAE_OK && !in_place) status = check_size(&f, parts, count);
    if (status == CLAE_OK) status = in_place ? close_file(&f) : commit(&f);
    release(&f);
    return status;
}

clae_status file_check_writable(const clae_context *context, const char *path) {
    output_file f = {.context = context, .path = path, .fd = -1};
    clae_status status = file_target_find(context, path, &f.target);
    if (status == CLAE_OK && f.target.kind == TARGET_FILE) status = open_temporary(&f);
    if (status == CLAE_OK && f.target.kind == TARGET_SPECIAL &&
        faccessat(f.target.folder, f.target.name, W_OK, AT_EACCESS) != 0)
        status = fail_write(&f, "it may not be written to");
    release(&f);
    return status;
}

bool file_is_in_place(const char *path) {
    file_target target;
    clae_context quiet = {0};
    const bool found = file_target_find(&quiet, path, &target) == CLAE_OK && target.kind != TARGET_FILE;
    file_target_close(&target);
    return found;
}

struct file_builder {
    output_file file;
    char *path;
};

static clae_status open_builder(file_builder *b) {
    output_file *f = &b->file;
    clae_status status = file_target_find(f->context, f->path, &f->target);
    if (status != CLAE_OK) return status;
    if (f->target.kind != TARGET_FILE)
        return fail(f->context, CLAE_ERROR_OUTPUT, "cannot write '%s': it is no regular file", f->path);
    f->fd = temporary_open_unnamed(f->target.folder);
    return f->fd < 0 ? open_temporary(f) : CLAE_OK;
}

clae_status file_builder_open(const clae_context *context, const char *path, file_builder **builder) {
    *builder = NULL;
    file_builder *b = calloc(1, sizeof *b);
    char *copy = strdup(path);
    if (!b || !copy) {
        free(b);
        free(copy);
        return fail_memory(context, strlen(path), "a file");
    }
    *b = (file_builder){.file = {.context = context, .path = copy, .fd = -1, .target = {.folder = -1}}, .path = copy};
    const clae_status status = open_builder(b);
    if (status == CLAE_OK)
        *builder = b;
    else
        file_builder_free(b);
    return status;
}

int file_builder_descriptor(const file_builder *builder) {
    return builder->file.fd;
}

bool file_builder_write(const file_builder *builder, uint64_t offset, const void *data, size_t bytes) {
    const char *p = data;
    while (bytes > 0) {
        const ssize_t written =
            pwrite(builder->file.fd, p, bytes < LARGEST_TRANSFER_BYTES ? bytes : LARGEST_TRANSFER_BYTES, (off_t)offset);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        p += written;
        offset += (uint64_t)written;
        bytes -= (size_t)written;
    }
    return true;
}

bool file_builder_read(const file_builder *builder, uint64_t offset, void *data, size_t bytes) {
    char *p = data;
    while (bytes > 0) {
        const ssize_t got =
            pread(builder->file.fd, p, bytes < LARGEST_TRANSFER_BYTES ? bytes : LARGEST_TRANSFER_BYTES, (off_t)offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        p += got;
        offset += (uint64_t)got;
        bytes -= (size_t)got;
    }
    return true;
}

clae_status file_builder_commit(file_builder *builder) {
    output_file *f = &builder->file;
    if (!f->temporary && temporary_name(f->target.folder, f->fd, f->target.name, &f->temporary) < 0)
        return fail_write(f, "naming it");
    return commit(f);
}

void file_builder_free(file_builder *builder) {
    if (!builder) return;
    release(&builder->file);
    free(builder->path);
    free(builder);
}
