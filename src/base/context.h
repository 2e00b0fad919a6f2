/* The context's insides: the log and the settings that the public functions were given. */
#ifndef CLAE_BASE_CONTEXT_H
#define CLAE_BASE_CONTEXT_H

#include <clae/context.h>
#include <stdbool.h>
#include <stddef.h>

struct clae_context {
    clae_log_fn log;
    void *log_user;
    clae_log_level log_level;
    clae_progress_fn progress;
    void *progress_user;
    unsigned threads; /* 0: one for each core */
    char *kernel_dir; /* NULL: none */
    char *cache_dir;  /* NULL: nowhere to keep compiled kernels */
    char *data_dir;   /* NULL: none */
    uint64_t memory_limit_bytes; /* 0: none */
    /* What a backend has found out about its drivers, and what frees it; NULL: nothing yet. */
    void *drivers;
    void (*drivers_free)(void *drivers);
};

void context_progress(const clae_context *context, const char *what, uint64_t done, uint64_t total);

__attribute__((format(printf, 3, 4))) void log_line(const clae_context *context, clae_log_level level,
                                                    const char *format, ...);

/* Logs an error and gives `status` back: return fail(context, CLAE_ERROR_INPUT, "...", ...); */
__attribute__((format(printf, 3, 4))) clae_status fail(const clae_context *context, clae_status status,
                                                       const char *format, ...);

/* `usual`, but for errno ENOMEM: a shortage of memory is nobody's bad input or output. */
clae_status status_of_errno(clae_status usual);

clae_status fail_memory(const clae_context *context, size_t bytes, const char *what);

#endif
