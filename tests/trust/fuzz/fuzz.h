/* For the fuzz targets: the input as a file, and a context that ends the program when a message is not one line. */
#ifndef CLAE_FUZZ_H
#define CLAE_FUZZ_H

#include "base/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static inline void fuzz_log(void *user, clae_log_level level, const char *line) {
    (void)user, (void)level;
    if (strpbrk(line, "\n\r\x1b")) abort();
}

static inline clae_context fuzz_context(void) {
    return (clae_context){.log = fuzz_log, .log_level = CLAE_LOG_DEBUG};
}

/* The path of a file in memory that holds the input; NULL where there is none to be had. */
static inline const char *fuzz_file(const uint8_t *data, size_t bytes) {
    static char path[64];
    static int fd = -1;
    if (fd < 0) {
        fd = memfd_create("fuzz", 0);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    return fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, bytes, 0) == (ssize_t)bytes ? path : NULL;
}

#endif
