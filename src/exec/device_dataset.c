#include "exec/device_dataset.h"

#include "base/log_capture.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "exec/image_stream.h"

#include <stdio.h>
#include <stdlib.h>

/* Of two of them, one is filled while the other one is in use. */
#define MOST_CHUNK_BYTES ((uint64_t)32 << 20)
#define UPLOAD_BYTES ((size_t)4 << 20)

static size_t index_count(const dataset_layout *layout) {
    if (layout->chunk_images) return layout->chunk_images;
    return layout->n + (layout->fills_up ? layout->batch_size : 0);
}

void dataset_layout_add_need(const dataset_layout *layout, memory_need *need) {
    const size_t chunk = layout->chunk_images;
    memory_need_add(need, &need->images, (chunk ? chunk : layout->n) * layout->image_bytes);
    if (chunk) memory_need_add(need, &need->images, chunk * layout->image_bytes);
    memory_need_add(need, &need->images, index_count(layout) * sizeof(uint32_t));
}

static memory_need need_of(const dataset_layout *layout) {
    memory_need need = {0};
    dataset_layout_add_need(layout, &need);
    return need;
}

/* Images of the largest chunks that fit; 0 where not even a batch does. */
static size_t fitting_chunk(const dataset_layout *layout, const clae_device *device, uint64_t room_bytes) {
    const uint64_t largest = device_largest_buffer_bytes(device);
    uint64_t bytes = largest < MOST_CHUNK_BYTES ? largest : MOST_CHUNK_BYTES;
    const uint64_t by_room = room_bytes / (2 * layout->image_bytes + sizeof(uint32_t));
    const uint64_t images = bytes / layout->image_bytes < by_room ? bytes / layout->image_bytes : by_room;
    return (size_t)(images / layout->batch_size) * layout->batch_size;
}

void dataset_layout_choose(dataset_layout *layout, const clae_device *device, uint64_t room_bytes) {
    layout->chunk_images = 0;
    const memory_need whole = need_of(layout);
    if (whole.images <= room_bytes && whole.largest_buffer <= device_largest_buffer_bytes(device)) return;
    layout->chunk_images = fitting_chunk(layout, device, room_bytes);
    if (layout->chunk_images) return;
    layout->chunk_images = layout->batch_size;
    if (whole.images <= need_of(layout).images) layout->chunk_images = 0;
}

void dataset_layout_log(const dataset_layout *layout, const clae_device *device, clae_log_level level) {
    const size_t chunk = layout->chunk_images;
    if (chunk)
        log_line(device->context, level,
                 "images: streamed, as %zu do not fit beside the rest: chunks of %zu, %zu in all", layout->n, chunk,
                 (layout->n + chunk - 1) / chunk);
}

/* 0, 1, ..., and the last image over and over where a batch reaches beyond the end. */
static clae_status upload_identity(clae_device *device, const dataset_layout *layout, buffer *indices) {
    const size_t count = index_count(layout), bytes = count * sizeof(uint32_t);
    const size_t last = (layout->chunk_images ? layout->chunk_images : layout->n) - 1;
    uint32_t *order = malloc(bytes);
    if (!order) return fail_memory(device->context, bytes, "the order of the images");
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)(i < last ? i : last);
    const clae_status status = buffer_upload(indices, 0, order, bytes);
    free(order);
    return status;
}

/* In pieces, so that little host memory is needed beside the dataset's own. */
static clae_status upload_elements(const device_dataset *data) {
    const size_t image_bytes = data->layout.image_bytes, n = data->layout.n;
    const size_t fitting = UPLOAD_BYTES / image_bytes + 1, most = fitting < n ? fitting : n;
    char *piece = malloc(most * image_bytes);
    if (!piece) return fail_memory(data->elements->device->context, most * image_bytes, "a piece of the images");
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < n && status == CLAE_OK; i += most) {
        const size_t count = n - i < most ? n - i : most;
        status = dataset_read_elements(data->dataset, data->first + i, count, piece);
        if (status == CLAE_OK) status = buffer_upload(data->elements, i * image_bytes, piece, count * image_bytes);
    }
    free(piece);
    return status;
}

static clae_status make_elements(clae_device *device, device_dataset *data) {
    if (data->layout.chunk_images) {
        const clae_status status = image_stream_create(device, &data->layout, &data->stream);
        return status == CLAE_OK ? image_stream_start(data->stream, data->dataset, data->first, NULL) : status;
    }
    const clae_status status = buffer_create(device, data->layout.n * data->layout.image_bytes, &data->elements);
    return status == CLAE_OK ? upload_elements(data) : status;
}

static clae_status create(clae_device *device, const clae_dataset *dataset, size_t first, const dataset_layout *layout,
                          device_dataset *out) {
    const clae_dataset_info *info = &dataset->info;
    *out = (device_dataset){.layout = *layout, .is_float = info->is_float, .dataset = dataset, .first = first};
    snprintf(out->fingerprint, sizeof out->fingerprint, "%s", info->fingerprint);
    clae_status status = buffer_create(device, index_count(layout) * sizeof(uint32_t), &out->indices);
    if (status == CLAE_OK) status = upload_identity(device, layout, out->indices);
    if (status == CLAE_OK) status = make_elements(device, out);
    if (status == CLAE_OK) status = device_finish(device);
    if (status != CLAE_OK) device_dataset_release(out);
    return status;
}

/* Chunks of a share of what all images take, or as small as they can be for 0; false where that is no less. */
static bool shrink_layout(dataset_layout *layout, const clae_device *device, unsigned share) {
    const uint64_t bytes = need_of(layout).images;
    dataset_layout_choose(layout, device, share ? bytes / share : 0);
    return need_of(layout).images < bytes;
}

clae_status device_dataset_create(clae_device *device, const clae_dataset *dataset, size_t first,
                                  const dataset_layout *layout, device_dataset *out) {
    static const unsigned shares[] = {4, 0};
    dataset_layout next = *layout;
    for (size_t i = 0;; i++) {
        log_capture capture;
        log_capture_begin(&capture, device->context);
        const clae_status status = create(device, dataset, first, &next, out);
        log_capture_end(&capture);
        if (status == CLAE_OK) return status;
        if (status != CLAE_ERROR_DEVICE || i == ARRAY_LENGTH(shares) || !shrink_layout(&next, device, shares[i]))
            return fail(device->context, status, "%s", capture.error);
        log_line(device->context, CLAE_LOG_WARNING, "the images cannot be placed on %s, and are streamed: %s",
                 device->info.id, capture.error);
    }
}

clae_status device_dataset_replace(device_dataset *data, const clae_dataset *dataset, size_t first) {
    data->dataset = dataset;
    data->first = first;
    return data->stream ? image_stream_start(data->stream, dataset, first, NULL) : CLAE_OK;
}

void device_dataset_release(device_dataset *data) {
    image_stream_free(data->stream);
    buffer_free(data->elements);
    buffer_free(data->indices);
    *data = (device_dataset){0};
}

clae_status device_dataset_set_order(device_dataset *data, const uint32_t *order) {
    if (data->stream) return image_stream_start(data->stream, data->dataset, data->first, order);
    return buffer_upload(data->indices, 0, order, data->layout.n * sizeof *order);
}

clae_status device_dataset_take(device_dataset *data, size_t first, plan_inputs *inputs) {
    inputs->indices = data->indices;
    if (data->stream) return image_stream_take(data->stream, first, &inputs->elements, &inputs->step.first);
    inputs->elements = data->elements;
    inputs->step.first = first;
    return CLAE_OK;
}
