/* Labels of pictures: numbers for the names of folders, or of a file of lines `name,label`. */
#include "base/memory.h"
#include "data/dataset.h"
#include "data/label_lines.h"
#include "data/picture_list.h"

#include <stdlib.h>
#include <string.h>

clae_status picture_labels_set(const clae_context *context, picture_list *list, const char *const *names) {
    dataset_labels labels;
    const clae_status status = dataset_labels_from_names(context, names, list->count, &labels);
    if (status != CLAE_OK) return status;
    for (size_t i = 0; i < list->count; i++) list->entries[i].label = labels.of_image[i];
    list->labels = labels.names;
    list->label_count = labels.count;
    free(labels.of_image);
    return CLAE_OK;
}

static int by_line_name(const void *a, const void *b) {
    const label_line *left = a, *right = b;
    return strcmp(left->name, right->name);
}

static const char *label_find(const label_line *lines, size_t count, const char *name) {
    const label_line wanted = {.name = name};
    const label_line *found = count ? bsearch(&wanted, lines, count, sizeof *lines, by_line_name) : NULL;
    return found ? found->label : NULL;
}

/* By the whole name, the file's, or that without its ending; false without memory. */
static bool label_of(const label_line *lines, size_t count, const char *name, const char **label) {
    const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name;
    if ((*label = label_find(lines, count, name)) || (*label = label_find(lines, count, file))) return true;
    char *stem = strdup(file);
    if (!stem) return false;
    char *dot = strrchr(stem, '.');
    if (dot) *dot = '\0';
    *label = label_find(lines, count, stem);
    free(stem);
    return true;
}

clae_status picture_labels_read(const clae_context *context, const char *path, picture_list *list) {
    size_t found = 0;
    label_lines read;
    clae_status status = label_lines_read(context, path, &read);
    if (status != CLAE_OK) return status;
    label_line *lines = read.lines;
    const size_t count = read.count;
    if (count) qsort(lines, count, sizeof *lines, by_line_name);
    const char **names = calloc(list->count + 1, sizeof *names);
    bool is_made = names != NULL;
    for (size_t i = 0; i < list->count && is_made; i++) {
        is_made = label_of(lines, count, list->entries[i].name, &names[i]);
        found += names[i] != NULL;
    }
    if (!is_made)
        status = fail_memory(context, list->count * sizeof *names, "the labels of pictures");
    else if (!found)
        status = fail(context, CLAE_ERROR_INPUT,
                      "'%s' has no label for any of the %zu pictures: a line is `name,label`, like %s,cat", path,
                      list->count, list->count ? list->entries[0].name : "1.png");
    else
        status = picture_labels_set(context, list, names);
    if (status == CLAE_OK && found < list->count)
        log_line(context, CLAE_LOG_WARNING, "'%s' has labels for %zu of %zu pictures", path, found, list->count);
    free(names);
    label_lines_free(&read);
    return status;
}
