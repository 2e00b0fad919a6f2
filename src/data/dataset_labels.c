#include "data/dataset.h"

#include <stdlib.h>

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
