/* Labels of pictures: numbers for the names of folders, or of a file of lines `name,label`. */
#include "base/files.h"
#include "base/memory.h"
#include "base/natural_order.h"
#include "data/picture_list.h"

#include <stdlib.h>
#include <string.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)

/* The names that there are, each once, in order; *count of them. NULL without memory. */
static const char **labels_distinct(const char *const *names, size_t n, size_t *count) {
    const char **sorted = malloc((n + 1) * sizeof *sorted);
    size_t used = 0, kept = 0;
    *count = 0;
    if (!sorted) return NULL;
    for (size_t i = 0; i < n; i++)
        if (names[i] && *names[i]) sorted[used++] = names[i];
    if (used) qsort(sorted, used, sizeof *sorted, natural_order_of);
    for (size_t i = 0; i < used; i++)
        if (kept == 0 || strcmp(sorted[kept - 1], sorted[i]) != 0) sorted[kept++] = sorted[i];
    *count = kept;
    return sorted;
}

clae_status picture_labels_set(const clae_context *context, picture_list *list, const char *const *names) {
    size_t count;
    const char **distinct = labels_distinct(names, list->count, &count);
    bool is_made = distinct && (list->labels = calloc(count + 1, sizeof *list->labels));
    for (size_t i = 0; i < count && is_made; i++) {
        is_made = (list->labels[i] = strdup(distinct[i])) != NULL;
        list->label_count += is_made;
    }
    free(distinct);
    if (!is_made) return fail_memory(context, list->count, "the labels of pictures");
    for (size_t i = 0; i < list->count; i++) {
        if (!names[i] || !*names[i]) continue;
        char **found = bsearch(&names[i], list->labels, count, sizeof *list->labels, natural_order_of);
        list->entries[i].label = (uint32_t)(found - list->labels);
    }
    return CLAE_OK;
}

typedef struct label_line {
    const char *name, *label;
} label_line;

static int by_line_name(const void *a, const void *b) {
    const label_line *left = a, *right = b;
    return strcmp(left->name, right->name);
}

/* Without blanks and quotes at both ends. */
static char *label_trim(char *text) {
    text += strspn(text, " \t\"");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\"", text[length - 1])) length--;
    text[length] = '\0';
    return text;
}

/* Splits the lines in place; *lines is to be freed. */
static bool label_lines(char *text, label_line **lines, size_t *count) {
    size_t capacity = 1;
    for (const char *c = text; *c; c++) capacity += *c == '\n';
    *count = 0;
    *lines = malloc(capacity * sizeof **lines);
    char *rest;
    for (char *line = *lines ? strtok_r(text, "\n", &rest) : NULL; line; line = strtok_r(NULL, "\n", &rest)) {
        char *parting = strpbrk(line, ",;\t");
        if (!parting) continue;
        *parting = '\0';
        char *const second = parting + 1;
        second[strcspn(second, ",;\t")] = '\0';
        (*lines)[(*count)++] = (label_line){label_trim(line), label_trim(second)};
    }
    if (*count) qsort(*lines, *count, sizeof **lines, by_line_name);
    return *lines != NULL;
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
    uint8_t *text = NULL;
    size_t bytes, count = 0, found = 0;
    label_line *lines = NULL;
    const char **names = NULL;
    clae_status status = file_read(context, path, "file of labels", FILE_BYTES_MAX, &text, &bytes);
    if (status != CLAE_OK) return status;
    bool is_made =
        label_lines((char *)text, &lines, &count) && (names = calloc(list->count + 1, sizeof *names)) != NULL;
    for (size_t i = 0; i < list->count && is_made; i++) {
        is_made = label_of(lines, count, list->entries[i].name, &names[i]);
        found += names[i] != NULL;
    }
    if (!is_made)
        status = fail_memory(context, bytes, "the labels of pictures");
    else if (!found)
        status = fail(context, CLAE_ERROR_INPUT,
                      "'%s' has no label for any of the %zu pictures: a line is `name,label`, like %s,cat", path,
                      list->count, list->count ? list->entries[0].name : "1.png");
    else
        status = picture_labels_set(context, list, names);
    if (status == CLAE_OK && found < list->count)
        log_line(context, CLAE_LOG_WARNING, "'%s' has labels for %zu of %zu pictures", path, found, list->count);
    free(names);
    free(lines);
    free(text);
    return status;
}
