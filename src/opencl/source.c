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

static char *override_path(const clae_context *context, const char *file) {
    char *path = context->kernel_dir ? string_format("%s/%s", context->kernel_dir, file) : NULL;
    if (path && path_exists(path)) return path;
    free(path);
    return NULL;
}

static const opencl_source *find_embedded(const char *file) {
    const opencl_source *source = opencl_sources;
    while (source->file && strcmp(source->file, file) != 0) source++;
    return source->file ? source : NULL;
}

static clae_status load_one(const clae_context *context, const char *file, char **text) {
    *text = NULL;
    char *path = override_path(context, file);
    if (path) {
        const clae_status status = load_override(context, path, text);
        free(path);
        return status;
    }
    const opencl_source *source = find_embedded(file);
    if (!source) return fail(context, CLAE_ERROR_INTERNAL, "there is no kernel source %s", file);
    *text = strdup(source->text);
    return *text ? CLAE_OK : fail_memory(context, strlen(source->text), "a kernel source");
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

/* A line for each name of a list. */
static void write_names(FILE *out, const char *names, const char *before, bool with_number, int number) {
    for (size_t length; *names; names += length + (names[length] == ' ')) {
        length = strcspn(names, " ");
        fprintf(out, "%s %.*s", before, (int)length, names);
        if (with_number) fprintf(out, " %.*s_%d", (int)length, names, number);
        fputc('\n', out);
    }
}

typedef enum names_action { RENAME, UNDEFINE } names_action;

/* Of a file and those that it includes. */
static void write_names_of(const char *file, names_action action, int number, FILE *out) {
    const opencl_source *source = find_embedded(file);
    if (action == RENAME) {
        write_names(out, source->names[1], "#define", true, number);
    } else {
        write_names(out, source->names[0], "#undef", false, number);
        write_names(out, source->names[1], "#undef", false, number);
    }
    for (const char *line = source->text; *line;) {
        char *name = included_name(line);
        if (name) write_names_of(name, action, number, out);
        free(name);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
}

/* "-DN=3 -DM" as "#define N 3" and "#define M 1", or what takes it back. */
static void write_options(const char *options, names_action action, FILE *out) {
    for (const char *option = strstr(options, "-D"); option; option = strstr(option + 2, "-D")) {
        const char *name = option + 2, *value = name + strcspn(name, "= ");
        const int name_length = (int)(value - name), value_length = *value == '=' ? (int)strcspn(value + 1, " ") : 0;
        if (action == UNDEFINE)
            fprintf(out, "#undef %.*s\n", name_length, name);
        else if (value_length)
            fprintf(out, "#define %.*s %.*s\n", name_length, name, value_length, value + 1);
        else
            fprintf(out, "#define %.*s 1\n", name_length, name);
    }
}

clae_status opencl_source_write_numbered(const clae_context *context, const char *file, const char *options, int number,
                                         FILE *out) {
    char *source;
    const clae_status status = opencl_source_load(context, file, &source);
    if (status != CLAE_OK) return status;
    write_options(options, RENAME, out);
    write_names_of(file, RENAME, number, out);
    fputs(source, out);
    write_names_of(file, UNDEFINE, number, out);
    write_options(options, UNDEFINE, out);
    free(source);
    return CLAE_OK;
}

bool opencl_source_is_embedded(const clae_context *context, const char *file) {
    const opencl_source *source = find_embedded(file);
    char *path = override_path(context, file);
    bool embedded = source && !path;
    free(path);
    for (const char *line = embedded ? source->text : ""; *line && embedded;) {
        char *name = included_name(line);
        if (name) embedded = opencl_source_is_embedded(context, name);
        free(name);
        line += strcspn(line, "\n");
        line += *line == '\n';
    }
    return embedded;
}
