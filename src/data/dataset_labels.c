#include "data/dataset.h"

#include "base/memory.h"
#include "base/natural_order.h"

#include <stdlib.h>
#include <string.h>

/* The names that there are, each once, in order; *count of them. NULL without memory. */
static const char **distinct(const char *const *names, size_t n, size_t *count) {
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

static bool copy_names(const char *const *names, size_t count, dataset_labels *labels) {
    if (!(labels->names = calloc(count + 1, sizeof *labels->names))) return false;
    for (; labels->count < count; labels->count++)
        if (!(labels->names[labels->count] = strdup(names[labels->count]))) return false;
    return true;
}

clae_status dataset_labels_from_names(const clae_context *context, const char *const *names, size_t n,
                                      dataset_labels *labels) {
    size_t count;
    const char **sorted = distinct(names, n, &count);
    *labels = (dataset_labels){.of_image = malloc((n + 1) * sizeof *labels->of_image)};
    const bool is_made = sorted && labels->of_image && copy_names(sorted, count, labels);
    free(sorted);
    if (!is_made) {
        dataset_labels_free(labels);
        return fail_memory(context, n * sizeof *labels->of_image, "labels");
    }
    for (size_t i = 0; i < n; i++) {
        labels->of_image[i] = CLAE_NO_LABEL;
        if (!names[i] || !*names[i]) continue;
        char **found = bsearch(&names[i], labels->names, count, sizeof *labels->names, natural_order_of);
        labels->of_image[i] = (uint32_t)(found - labels->names);
    }
    return CLAE_OK;
}

void dataset_labels_free(dataset_labels *labels) {
    for (size_t i = 0; i < labels->count && labels->names; i++) free(labels->names[i]);
    free(labels->names);
    free(labels->of_image);
    *labels = (dataset_labels){0};
}

void dataset_set_labels(clae_dataset *dataset, const dataset_labels *labels) {
    dataset_labels_free(&dataset->labels);
    dataset->labels = *labels;
}

size_t clae_dataset_label_count(const clae_dataset *dataset) {
    return dataset->labels.count;
}

uint32_t clae_dataset_label(const clae_dataset *dataset, size_t image) {
    return dataset->labels.of_image && image < dataset->info.n ? dataset->labels.of_image[image] : CLAE_NO_LABEL;
}

const char *clae_dataset_label_name(const clae_dataset *dataset, uint32_t label) {
    return dataset->labels.names && label < dataset->labels.count ? dataset->labels.names[label] : NULL;
}
