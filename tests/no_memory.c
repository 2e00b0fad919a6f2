/* Linked before clae's code by --wrap: allocations fail on demand. */
#include "no_memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned long asked, failing;

void no_memory_begin(unsigned long number) {
    asked = 0;
    failing = number;
}

bool no_memory_end(void) {
    const bool failed = failing && asked >= failing;
    failing = 0;
    return failed;
}

static bool fails(void) {
    if (++asked != failing) return false;
    errno = ENOMEM;
    return true;
}

#define WRAP(result, name, parameters, arguments, failure)                                                             \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters {                                                                                  \
        return fails() ? failure : __real_##name arguments;                                                            \
    }
WRAP(void *, malloc, (size_t bytes), (bytes), NULL)
WRAP(void *, calloc, (size_t count, size_t bytes), (count, bytes), NULL)
WRAP(void *, realloc, (void *block, size_t bytes), (block, bytes), NULL)
WRAP(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(char *, strndup, (const char *text, size_t bytes), (text, bytes), NULL)
WRAP(char *, realpath, (const char *path, char *out), (path, out), NULL)
WRAP(FILE *, open_memstream, (char **text, size_t *bytes), (text, bytes), NULL)
WRAP(DIR *, opendir, (const char *path), (path), NULL)
