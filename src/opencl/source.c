#include "opencl/source.h"

#include "base/files.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEEPEST_INCLUDE 8
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

static clae_status load_all(const clae_context *context, const char *file, int depth, char **text);

/* The name in a line #include "NAME", to be freed; NULL when it is another line. */
static char *included_name(const char *line) {
    static const char begin[] = "#include \"";
    if (strncmp(line, begin, strlen(begin)) != 0) return NULL;
    const char *name = line + strlen(begin);
    return strndup(name, strcspn(name, "\"\n"));
}

/* Copies a source, in the place of lines #include what they name; what follows keeps its line numbers. */
static clae_status copy_lines(const clae_context *context, const char *file, const char *source, int depth, FILE *out) {
    clae_status status = CLAE_OK;
    for (int number = 0; *source && status == CLAE_OK; number++) { /* the first line is a #line 1 */
        const size_t length = strcspn(source, "\n"), whole = length + (source[length] == '\n');
        char *name = included_name(source), *included = NULL;
        if (name) status = load_all(context, name, depth + 1, &included);
        if (included)
            fprintf(out, "%s\n#line %d \"%s\"\n", included, number + 1, file);
        else
            fwrite(source, 1, whole, out);
        free(included);
        free(name);
        source += whole;
    }
    return status;
}

static clae_status load_all(const clae_context *context, const char *file, int depth, char **text) {
    char *source;
    size_t bytes = 0;
    *text = NULL;
    if (depth > DEEPEST_INCLUDE)
        return fail(context, CLAE_ERROR_INPUT, "kernel source %s is included %d files deep; does it include itself?",
                    file, depth);
    clae_status status = load_one(context, file, &source);
    if (status != CLAE_OK) return status;
    FILE *out = open_memstream(text, &bytes);
    if (out) status = copy_lines(context, file, source, depth, out);
    if (!out || fclose(out) != 0) status = fail_memory(context, strlen(source), "a kernel source");
    free(source);
    if (status == CLAE_OK) return CLAE_OK;
    free(*text);
    *text = NULL;
    return status;
}

clae_status opencl_source_load(const clae_context *context, const char *file, char **text) {
    return load_all(context, file, 0, text);
}
