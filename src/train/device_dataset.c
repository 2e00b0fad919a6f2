#include "train/device_dataset.h"

#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>

clae_status dataset_check_shape(const clae_model *model, const clae_dataset *dataset) {
    const clae_dataset_info *info = &dataset->info;
    const clae_shape in = model->input;
    if (info->c == in.c && info->h == in.h && info->w == in.w) return CLAE_OK;
    return fail(model->context, CLAE_ERROR_INPUT, "%s: images of %zux%zux%zu, the model takes %zux%zux%zu",
                info->source, info->c, info->h, info->w, in.c, in.h, in.w);
}

static clae_status upload_order(clae_device *device, size_t n, size_t spare, buffer *indices) {
    const size_t bytes = (n + spare) * sizeof(uint32_t);
    uint32_t *order = malloc(bytes);
    if (!order) return fail_memory(device->context, bytes, "the order of the images");
    for (size_t i = 0; i < n + spare; i++) order[i] = (uint32_t)(i < n ? i : n - 1);
    const clae_status status = buffer_upload(indices, 0, order, bytes);
    free(order);
    return status;
}

clae_status device_dataset_create(clae_device *device, const clae_dataset *dataset, size_t first, size_t n,
                                  size_t spare, device_dataset *out) {
    const clae_dataset_info *info = &dataset->info;
    const size_t image_bytes = dataset_image_bytes(info);
    const char *const elements = info->elements;
    *out = (device_dataset){.n = n, .is_float = info->is_float};
    if (n < 1 || first > info->n || n > info->n - first)
        return fail(device->context, CLAE_ERROR_INPUT, "%s: images %zu to %zu of %zu", info->source, first, first + n,
                    info->n);
    snprintf(out->fingerprint, sizeof out->fingerprint, "%s", info->fingerprint);
    clae_status status = buffer_create(device, n * image_bytes, &out->elements);
    if (status == CLAE_OK) status = buffer_create(device, (n + spare) * sizeof(uint32_t), &out->indices);
    if (status == CLAE_OK) status = buffer_upload(out->elements, 0, elements + first * image_bytes, n * image_bytes);
    if (status == CLAE_OK) status = upload_order(device, n, spare, out->indices);
    if (status != CLAE_OK) device_dataset_release(out);
    return status;
}

void device_dataset_release(device_dataset *dataset) {
    buffer_free(dataset->elements);
    buffer_free(dataset->indices);
    *dataset = (device_dataset){0};
}
