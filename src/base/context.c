#include "base/context.h"

#include "base/files.h"

#include <stdlib.h>
#include <string.h>

/* Copies `text` to *copy, nothing where it is NULL or empty; false without memory. */
static bool copy_text(char **copy, const char *text) {
    if (!text || !*text) return true;
    *copy = strdup(text);
    return *copy != NULL;
}

clae_status clae_context_create(const clae_context_options *options, clae_context **context) {
    static const clae_context_options defaults;
    if (!context) return CLAE_ERROR_INTERNAL;
    *context = NULL;
    if (!options) options = &defaults;
    clae_context *c = calloc(1, sizeof *c);
    if (!c) {
        if (options->log) options->log(options->log_user, CLAE_LOG_ERROR, "not enough memory for the context");
        return CLAE_ERROR_INTERNAL;
    }
    c->log = options->log;
    c->log_user = options->log_user;
    c->log_level = options->log_level;
    c->progress = options->progress;
    c->progress_user = options->progress_user;
    c->threads = options->threads;
    c->memory_limit_bytes = options->memory_limit_bytes;

    const char *data_dir = options->data_dir && *options->data_dir ? options->data_dir : getenv("CLAE_DATA_DIR");
    if (!copy_text(&c->kernel_dir, options->kernel_dir) || !copy_text(&c->cache_dir, options->cache_dir) ||
        !copy_text(&c->data_dir, data_dir)) {
        clae_status status = fail(c, CLAE_ERROR_INTERNAL, "not enough memory for the context's settings");
        clae_context_free(c);
        return status;
    }
    if (!c->cache_dir) c->cache_dir = xdg_folder("XDG_CACHE_HOME", ".cache");
    *context = c;
    return CLAE_OK;
}

void clae_context_free(clae_context *context) {
    if (!context) return;
    if (context->drivers) context->drivers_free(context->drivers);
    free(context->kernel_dir);
    free(context->cache_dir);
    free(context->data_dir);
    free(context);
}

void context_progress(const clae_context *context, const char *what, uint64_t done, uint64_t total) {
    if (context->progress) context->progress(context->progress_user, what, done, total);
}
