/* The context: log, folders and limits. Everything else is made from one and must be freed before it. There is no
 * global state: contexts are independent, and one context is used by one thread at a time. */
#ifndef CLAE_CONTEXT_H
#define CLAE_CONTEXT_H

#include <clae/status.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clae_context clae_context;

typedef enum clae_log_level { CLAE_LOG_ERROR, CLAE_LOG_WARNING, CLAE_LOG_INFO, CLAE_LOG_DEBUG } clae_log_level;

/* Gets one line without a newline; valid during the call only. */
typedef void (*clae_log_fn)(void *user, clae_log_level level, const char *line);

/* How far work has come that may take long, like decoding pictures: `done` of `total`, once with 0 at its start and
 * once with all at its end, and now and then between. Called by the thread that called clae. */
typedef void (*clae_progress_fn)(void *user, const char *what, uint64_t done, uint64_t total);

/* All strings are copied; zero or NULL means the default. */
typedef struct clae_context_options {
    clae_log_fn log; /* default: nothing is reported */
    void *log_user;
    clae_log_level log_level; /* lines above it are not made; default CLAE_LOG_ERROR */
    clae_progress_fn progress; /* default: nothing is told */
    void *progress_user;
    unsigned threads;         /* of the plain C backend and of decoding, 1024 at most; default: one for each core */
    const char *kernel_dir;   /* .cl files that override the embedded ones; default: none */
    const char *cache_dir;    /* compiled kernels, decoded pictures; default: $XDG_CACHE_HOME/clae or ~/.cache/clae */
    const char *data_dir;     /* looked in first for datasets given by name; default: $CLAE_DATA_DIR */
    uint64_t memory_limit_bytes; /* what clae plans to use of a device's memory at most; default: all that it has */
} clae_context_options;

CLAE_API clae_status clae_context_create(const clae_context_options *options, clae_context **context);
CLAE_API void clae_context_free(clae_context *context);

#ifdef __cplusplus
}
#endif
#endif
