/* Linked before clae's own code by --wrap: the CLAE_TEST_FAIL_AT-th allocation that it asks for fails.
 * CLAE_TEST_COUNT=1 prints how many there were. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long asked;

static void say(const char *text, long number) {
    char line[96];
    int length = snprintf(line, sizeof line, "failing allocation: %s %ld\n", text, number);
    if (write(STDERR_FILENO, line, (size_t)length) < 0) abort();
}

static bool fails(const char *name) {
    const char *at = getenv("CLAE_TEST_FAIL_AT");
    long number = atomic_fetch_add(&asked, 1) + 1;
    if (!at || number != atol(at)) return false;
    say(name, number);
    errno = ENOMEM;
    return true;
}

__attribute__((destructor)) static void print_count(void) {
    if (getenv("CLAE_TEST_COUNT")) say("count", asked);
}

#define WRAP(result, name, parameters, arguments, failure)                                                             \
    result __real_##name parameters;                                                                                   \
    result __wrap_##name parameters;                                                                                   \
    result __wrap_##name parameters {                                                                                  \
        if (fails(#name)) return failure;                                                                              \
        return __real_##name arguments;                                                                                \
    }

WRAP(void *, malloc, (size_t bytes), (bytes), NULL)
WRAP(void *, calloc, (size_t count, size_t bytes), (count, bytes), NULL)
WRAP(void *, realloc, (void *block, size_t bytes), (block, bytes), NULL)
WRAP(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes), NULL)
WRAP(char *, strdup, (const char *text), (text), NULL)
WRAP(char *, strndup, (const char *text, size_t bytes), (text, bytes), NULL)
WRAP(FILE *, open_memstream, (char **text, size_t *bytes), (text, bytes), NULL)
WRAP(char *, realpath, (const char *path, char *resolved), (path, resolved), NULL)
WRAP(DIR *, opendir, (const char *path), (path), NULL)
WRAP(FILE *, fdopen, (int fd, const char *mode), (fd, mode), NULL)
WRAP(FILE *, fopen, (const char *path, const char *mode), (path, mode), NULL)
