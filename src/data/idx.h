/* Labels of IDX files. */
#ifndef CLAE_DATA_IDX_H
#define CLAE_DATA_IDX_H

#include "data/dataset.h"

/* Labels of n images, of integers and rank 1, or the first columns of rank 2 (as QMNIST's are). CLAE_ERROR_INPUT with a
 * line for all else. */
clae_status idx_read_labels(const clae_context *context, const char *path, size_t n, dataset_labels *labels);

#endif
