#include "opencl/source.h"

#include "base/files.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_SOURCE_BYTES ((size_t)4 << 20)

static clae_status load_override(const clae_context *context, const char *path, char **text) {
    uint8_t *data = NULL;
    size_t bytes;
    clae_status status = file_read(context, path, "kernel source", LARGEST_SOURCE_BYTES, &data, &bytes);
    if (status) return status;
    *text = string_format("#line 1 \"%s\"\n%s", path, (const char *)data);
    free(data);
    if (!*text) return fail_memory(context, bytes, "a kernel source");
    log_line(context, CLAE_LOG_INFO, "kernel source %s replaces the embedded one", path);
    return CLAE_OK;
}

static clae_status load_one(const clae_context *context, const char *file, char **text) {
    *text = NULL;
    if (context->kernel_dir) {
        char *path = string_format("%s/%s", context->kernel_dir, file);
        if (!path) return fail_memory(context, strlen(file), "a file name");
        bool exists = path_exists(path);
        clae_status status = exists ? load_override(context, path, text) : CLAE_OK;
        free(path);
        if (exists) return status;
    }
    for (const opencl_source *source = opencl_sources; source->file; ++source) {
        if (strcmp(source->file, file) != 0) continue;
        *text = strdup(source->text);
        return *text ? CLAE_OK : fail_memory(context, strlen(source->text), "a kernel source");
    }
    return fail(context, CLAE_ERROR_INTERNAL, "there is no kernel source %s", file);
}

/* The place of a line #include "NAME", and NAME, to be freed; NULL when there is none. */
static char *find_include(const char *text, const char **line) {
    static const char begin[] = "#include \"";
    *line = strncmp(text, begin, strlen(begin)) == 0 ? text : strstr(text, "\n#include \"");
    if (!*line) return NULL;
    if (**line == '\n') *line += 1;
    const char *name = *line + strlen(begin);
    return strndup(name, strcspn(name, "\"\n"));
}

clae_status opencl_source_load(const clae_context *context, const char *file, char **text) {
    clae_status status = load_one(context, file, text);
    const char *line;
    for (char *name; status == CLAE_OK && (name = find_include(*text, &line)); free(name)) {
        char *included, *joined = NULL;
        status = load_one(context, name, &included);
        if (status == CLAE_OK) {
            joined = string_format("%.*s%s%s", (int)(line - *text), *text, included, line + strcspn(line, "\n"));
            if (!joined) status = fail_memory(context, strlen(included), "a kernel source");
            free(included);
        }
        free(*text);
        *text = joined;
    }
    return status;
}
