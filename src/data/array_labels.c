#include "data/array_labels.h"

#include "base/files.h"
#include "base/log_capture.h"
#include "base/memory.h"
#include "data/image_format.h"
#include "data/label_lines.h"

#include <stdlib.h>
#include <string.h>

static const char *const endings[] = {"", ".gz"};

/* Puts `to` in the place of the last `from` that is not before `start`; NULL without one, or without memory. */
static char *replaced(const char *text, const char *start, const char *from, const char *to) {
    const char *last = NULL;
    for (const char *p = start; (p = strstr(p, from)); p++) last = p;
    return last ? string_format("%.*s%s%s", (int)(last - text), text, to, last + strlen(from)) : NULL;
}

/* The names that labels may have in place of "idx3-ubyte". */
static const char *const label_kinds[] = {"idx1-ubyte", "idx2-int", "idx1-int"};

/* Plain or .gz. */
char *array_labels_beside(const char *path) {
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    char *labels = replaced(path, name, "images", "labels"), *found = NULL;
    const char *kind = labels ? strstr(labels + (name - path), "idx") : NULL;
    if (labels && !kind && path_exists(labels)) return labels;
    if (!kind || strlen(kind) < strlen("idx3-ubyte")) {
        free(labels);
        return NULL;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(label_kinds) * ARRAY_LENGTH(endings) && !found; i++) {
        found = string_format("%.*s%s%s", (int)(kind - labels), labels, label_kinds[i / ARRAY_LENGTH(endings)],
                              endings[i % ARRAY_LENGTH(endings)]);
        if (found && !path_exists(found)) {
            free(found);
            found = NULL;
        }
    }
    free(labels);
    return found;
}

/* The label of a line is its second column, where there are two; one line more is a heading. */
static clae_status labels_of_lines(const clae_context *context, const char *path, size_t n, dataset_labels *labels) {
    label_lines read;
    clae_status status = label_lines_read(context, path, &read);
    if (status != CLAE_OK) return status;
    const char **names = calloc(n + 1, sizeof *names);
    const label_line *line = read.lines + (read.count == n + 1);
    if (!names)
        status = fail_memory(context, n * sizeof *names, path);
    else if (read.count != n && read.count != n + 1)
        status = fail(context, CLAE_ERROR_INPUT,
                      "'%s' has %zu lines, and there are %zu images: labels of arrays are a line for each image, or an "
                      "array (.npy, .npz, IDX)",
                      path, read.count, n);
    for (size_t i = 0; i < n && status == CLAE_OK; i++, line++) names[i] = line->label ? line->label : line->name;
    if (status == CLAE_OK) status = dataset_labels_from_names(context, names, n, labels);
    free(names);
    label_lines_free(&read);
    return status;
}

static clae_status labels_of_file(clae_context *context, const char *file, clae_split split, size_t n,
                                  dataset_labels *labels) {
    clae_context quiet = *context;
    quiet.log = NULL;
    if (image_path_member(file) || image_file_is_array(&quiet, file))
        return image_labels_read(context, file, split, false, n, labels);
    return labels_of_lines(context, file, n, labels);
}

/* *labels without of_image: there are none. */
static clae_status labels_of_images(clae_context *context, const char *path, clae_split split, size_t n,
                                    dataset_labels *labels) {
    char *beside = array_labels_beside(path);
    const clae_status status = beside ? image_labels_read(context, beside, split, false, n, labels)
                                      : image_labels_read(context, path, split, true, n, labels);
    free(beside);
    return status;
}

clae_status array_labels_add(clae_context *context, const char *path, clae_split split, const char *file,
                             clae_dataset *dataset) {
    const size_t n = dataset->info.n;
    dataset_labels labels = {0};
    log_capture capture;
    clae_status status;
    if (file) {
        status = labels_of_file(context, file, split, n, &labels);
        if (status == CLAE_OK) dataset_set_labels(dataset, &labels);
        return status;
    }
    log_capture_begin(&capture, context);
    status = labels_of_images(context, path, split, n, &labels);
    log_capture_end(&capture);
    if (status != CLAE_OK)
        log_line(context, CLAE_LOG_WARNING, "labels are left out: %s", capture.error);
    else if (labels.of_image)
        dataset_set_labels(dataset, &labels);
    return CLAE_OK;
}
