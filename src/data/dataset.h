/* The insides of a dataset. */
#ifndef CLAE_DATA_DATASET_H
#define CLAE_DATA_DATASET_H

#include <clae/dataset.h>

struct clae_dataset {
    clae_context *context;
    clae_dataset_info info;
    void *elements;
    char *source;
};

/* Bytes of one image's elements as they are stored. */
size_t dataset_image_bytes(const clae_dataset_info *info);

/* The file that clae_dataset_open reads for a name and a split, as a fresh string; NULL after a failure. */
clae_status dataset_find(const clae_context *context, const char *name, clae_split split, char **path);

/* Makes a dataset of `shape` (n, c, h, w and is_float of it) that owns `elements`, which are freed after a failure. */
clae_status dataset_adopt(clae_context *context, const clae_dataset_info *shape, void *elements, const char *source,
                          clae_dataset **dataset);

#endif
