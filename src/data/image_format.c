#include "data/image_format.h"

#include "base/files.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "data/file_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_STORED_BYTES ((uint64_t)16 << 30)

#define FORMAT(name) extern const image_format image_format_##name;
#include "data/formats.def"
#undef FORMAT

const image_format *const image_formats[] = {
#define FORMAT(name) &image_format_##name,
#include "data/formats.def"
#undef FORMAT
    NULL};

static clae_status image_file_refuse(const image_file *file, const uint8_t *start, size_t bytes) {
    const file_kind kind = file_kind_of(start, bytes);
    char names[256] = "";
    size_t length = 0;
    for (const image_format *const *format = image_formats; *format && length < sizeof names; format++)
        length += (size_t)snprintf(names + length, sizeof names - length, "%s%s", length ? ", " : "", (*format)->name);
    if (!kind.what)
        return fail(file->context, CLAE_ERROR_INPUT, "'%s' is of no format of images that clae reads: %s", file->path,
                    names);
    if (kind.advice)
        return fail(file->context, CLAE_ERROR_INPUT, "'%s' holds no images that clae reads, it is %s: %s", file->path,
                    kind.what, kind.advice);
    return fail(file->context, CLAE_ERROR_INPUT, "'%s' holds no images that clae reads, it is %s: clae reads %s",
                file->path, kind.what, names);
}

static const image_format *find_format(const uint8_t *start, size_t bytes) {
    const image_format *const *format = image_formats;
    while (*format && !(*format)->is_a(start, bytes)) format++;
    return *format;
}

bool image_file_is_array(const clae_context *context, const char *path) {
    byte_source *source;
    const uint8_t *start;
    size_t bytes;
    const bool is_array = byte_source_open(context, path, &source) == CLAE_OK &&
                          byte_source_peek(source, &start, &bytes) == CLAE_OK && find_format(start, bytes);
    byte_source_close(source);
    return is_array;
}

const char *image_path_member(const char *path) {
    const char *colon = strrchr(path, ':');
    if (!colon || colon == path || !colon[1] || path_exists(path)) return NULL;
    char *file = strndup(path, (size_t)(colon - path));
    const bool is_file = file && path_exists(file) && !path_is_folder(file);
    free(file);
    return is_file ? colon : NULL;
}

char *image_path_absolute(const char *value) {
    const char *member = image_path_member(value);
    if (!member) return path_exists(value) ? realpath(value, NULL) : NULL;
    char *file = strndup(value, (size_t)(member - value)), *real = file ? realpath(file, NULL) : NULL;
    char *path = real ? string_format("%s%s", real, member) : NULL;
    free(file);
    free(real);
    return path;
}

static clae_status open_file(image_file *file, const image_format **format) {
    const uint8_t *start = NULL;
    size_t bytes = 0;
    *format = NULL;
    clae_status status = byte_source_open(file->context, file->path, &file->bytes);
    if (status == CLAE_OK) status = byte_source_peek(file->bytes, &start, &bytes);
    if (status == CLAE_OK && !(*format = find_format(start, bytes))) status = image_file_refuse(file, start, bytes);
    return status;
}

/* Opens FILE or FILE:NAME; *name, which file->path may be, is to be freed when the file is closed. */
static clae_status open_path(image_file *file, const char *path, char **name, const image_format **format) {
    const char *colon = image_path_member(path);
    *name = colon ? strndup(path, (size_t)(colon - path)) : NULL;
    *format = NULL;
    if (colon && !*name) return fail_memory(file->context, strlen(path), "a path");
    file->path = colon ? *name : path;
    file->member = colon ? colon + 1 : NULL;
    return open_file(file, format);
}

clae_status image_file_read(const clae_context *context, const char *path, clae_split split,
                            const clae_dataset_options *options, clae_dataset_info *shape, void **elements) {
    image_file file = {.context = context, .split = split, .options = options};
    const image_format *format;
    char *name;
    *shape = (clae_dataset_info){0};
    *elements = NULL;
    clae_status status = open_path(&file, path, &name, &format);
    if (status == CLAE_OK) status = format->read(&file, shape, elements);
    byte_source_close(file.bytes);
    free(name);
    return status;
}

bool image_file_has_splits(const clae_context *context, const char *path) {
    clae_context quiet = *context;
    image_file file = {.context = &quiet};
    const image_format *format;
    char *name;
    quiet.log = NULL;
    const bool has_splits =
        open_path(&file, path, &name, &format) != CLAE_OK || (format->has_splits && format->has_splits(&file));
    byte_source_close(file.bytes);
    free(name);
    return has_splits;
}

clae_status image_labels_read(const clae_context *context, const char *path, clae_split split, bool is_of_images,
                              size_t n, dataset_labels *labels) {
    image_file file = {.context = context, .split = split, .is_of_images = is_of_images};
    const image_format *format;
    char *name;
    *labels = (dataset_labels){0};
    clae_status status = open_path(&file, path, &name, &format);
    if (status == CLAE_OK) status = format->read_labels(&file, n, labels);
    byte_source_close(file.bytes);
    free(name);
    return status;
}

clae_status image_file_read_rest(const image_file *file, const clae_dataset_info *shape, size_t element_bytes,
                                 uint8_t **stored) {
    const size_t sizes[] = {shape->n, shape->c, shape->h, shape->w, element_bytes};
    size_t kept_bytes, bytes;
    *stored = NULL;
    const clae_status status = dataset_check_size(file->context, shape, file->path, &kept_bytes);
    if (status != CLAE_OK) return status;
    if (!size_product(sizes, ARRAY_LENGTH(sizes), &bytes) || bytes > MAX_STORED_BYTES || kept_bytes > MAX_STORED_BYTES)
        return fail(file->context, CLAE_ERROR_INPUT,
                    "'%s' promises %zu images of %zux%zux%zu (channels, height, width): at most %llu bytes are read",
                    file->path, shape->n, shape->c, shape->h, shape->w, (unsigned long long)MAX_STORED_BYTES);
    if (bytes > byte_source_limit_bytes(file->bytes))
        return fail(
            file->context, CLAE_ERROR_INPUT,
            "'%s' promises %zu images of %zux%zux%zu (channels, height, width): it is too short for that, perhaps "
            "cut off",
            file->path, shape->n, shape->c, shape->h, shape->w);
    return byte_source_read_rest(file->bytes, bytes, stored);
}
