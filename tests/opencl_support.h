/* An OpenCL device in a context with folders of the test's own, for tests of the backend's insides. */
#ifndef CLAE_TESTS_OPENCL_SUPPORT_H
#define CLAE_TESTS_OPENCL_SUPPORT_H

#include "opencl/opencl.h"

#include <clae/clae.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SKIPPED_EXIT 77

typedef struct opencl_fixture {
    char folder[64]; /* temporary; with kernels_here() in it as kernel_dir, and cache/ as cache_dir */
    clae_context *context;
    opencl_device *device;
    char last_error[1024];
    char debug[16384]; /* all lines since the device was opened */
} opencl_fixture;

static inline void opencl_fixture_log(void *user, clae_log_level level, const char *line) {
    opencl_fixture *f = user;
    if (level == CLAE_LOG_ERROR) snprintf(f->last_error, sizeof f->last_error, "%s", line);
    const size_t used = strlen(f->debug);
    snprintf(f->debug + used, sizeof f->debug - used, "%s\n", line);
}

/* The device again, as a new run of the program would open it. */
static inline clae_status opencl_fixture_open(opencl_fixture *f) {
    char cache[96], kernels[96];
    snprintf(cache, sizeof cache, "%s/cache", f->folder);
    snprintf(kernels, sizeof kernels, "%s/cl", f->folder);
    const clae_context_options options = {.log = opencl_fixture_log,
                                          .log_user = f,
                                          .log_level = CLAE_LOG_DEBUG,
                                          .cache_dir = cache,
                                          .kernel_dir = kernels};
    clae_device *device = NULL;
    f->last_error[0] = f->debug[0] = '\0';
    assert_int_equal(clae_context_create(&options, &f->context), CLAE_OK);
    const clae_status status = clae_device_open(f->context, "opencl", &device);
    f->device = (opencl_device *)device;
    if (status == CLAE_OK) f->device->keeps_programs = false; /* for the tests of our own cache */
    return status;
}

static inline void opencl_fixture_close(opencl_fixture *f) {
    if (f->device) clae_device_close(&f->device->base);
    clae_context_free(f->context);
    f->device = NULL;
    f->context = NULL;
}

/* Writes a kernel source that overrides the embedded one. */
static inline void write_kernel(const opencl_fixture *f, const char *file, const char *text) {
    char path[160];
    snprintf(path, sizeof path, "%s/cl/%s", f->folder, file);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    assert_int_equal(fclose(out), 0);
}

static inline int opencl_fixture_setup(void **state) {
    opencl_fixture *f = calloc(1, sizeof *f);
    char kernels[96];
    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/clae-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(kernels, sizeof kernels, "%s/cl", f->folder);
    assert_int_equal(mkdir(kernels, 0700), 0);
    if (opencl_fixture_open(f) != CLAE_OK) {
        fprintf(stderr, "skipped: %s\n", f->last_error);
        exit(SKIPPED_EXIT);
    }
    *state = f;
    return 0;
}

static inline int opencl_fixture_teardown(void **state) {
    opencl_fixture *f = *state;
    char command[128];
    opencl_fixture_close(f);
    snprintf(command, sizeof command, "rm -r '%s'", f->folder);
    const int status = system(command);
    free(f);
    return status;
}

#endif
