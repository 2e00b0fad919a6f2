#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_TRANSFER_BYTES ((size_t)1 << 30) /* some systems refuse more in one call */

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

/* O_NONBLOCK: opening a pipe without a writer would wait for ever. */
static int open_to_read(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

size_t file_read_start(const char *path, void *data, size_t most) {
    const int fd = open_to_read(path);
    const ssize_t got = fd >= 0 ? read(fd, data, most) : -1;
    if (fd >= 0) close(fd);
    return got > 0 ? (size_t)got : 0;
}

clae_status file_read(const clae_context *context, const char *path, const char *what, size_t max_bytes, uint8_t **data,
                      size_t *bytes) {
    *data = NULL;
    *bytes = 0;
    clae_status status = CLAE_ERROR_INPUT;
    uint8_t *buffer = NULL;
    struct stat st;
    int fd = open_to_read(path);
    if (fd < 0 || fstat(fd, &st) != 0) {
        status = fail(context, status_of_errno(status), "cannot open the %s '%s': %s", what, path, strerror(errno));
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
        status = fail(context, status_of_errno(status), "cannot read the %s '%s': %s", what, path, strerror(errno));
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
