/* A dataset in device memory, with the order in which its images are taken. */
#ifndef CLAE_TRAIN_DEVICE_DATASET_H
#define CLAE_TRAIN_DEVICE_DATASET_H

#include "backend.h"
#include "graph/model.h"

#include <clae/dataset.h>

typedef struct device_dataset {
    size_t n;
    bool is_float;
    char fingerprint[40];
    buffer *elements;
    buffer *indices; /* uint32 [n + spare] */
} device_dataset;

/* CLAE_ERROR_INPUT when the images are not of the model's shape. */
clae_status dataset_check_shape(const clae_model *model, const clae_dataset *dataset);

/* Uploads images first .. first + n - 1; the order is 0, 1, ..., and `spare` further indices repeat the last image, so
 * that a batch may reach beyond the end. */
clae_status device_dataset_create(clae_device *device, const clae_dataset *dataset, size_t first, size_t n,
                                  size_t spare, device_dataset *out);
void device_dataset_release(device_dataset *dataset);

#endif
