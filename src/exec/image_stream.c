#include "exec/image_stream.h"

#include "data/dataset.h"

#include <stdlib.h>

#define NO_CHUNK SIZE_MAX

/* A chunk on the device or on its way there. */
typedef struct slot {
    size_t chunk;
    size_t gathered; /* images that are on their way */
    bool is_open;    /* between staging_begin and staging_end */
    buffer *elements;
    staging *staging;
} slot;

struct image_stream {
    dataset_layout layout;
    const clae_dataset *dataset;
    size_t first; /* of its images */
    const uint32_t *order;
    slot slots[2];
    int current;
};

clae_status image_stream_create(clae_device *device, const dataset_layout *layout, image_stream **out) {
    const size_t bytes = layout->chunk_images * layout->image_bytes;
    image_stream *s = calloc(1, sizeof *s);
    if (!s) return fail_memory(device->context, sizeof *s, "a stream of images");
    s->layout = *layout;
    clae_status status = CLAE_OK;
    for (int i = 0; i < 2 && status == CLAE_OK; i++) {
        s->slots[i].chunk = NO_CHUNK;
        status = buffer_create(device, bytes, &s->slots[i].elements);
        if (status == CLAE_OK) status = staging_create(device, bytes, &s->slots[i].staging);
    }
    if (status != CLAE_OK) {
        image_stream_free(s);
        return status;
    }
    *out = s;
    return CLAE_OK;
}

void image_stream_free(image_stream *stream) {
    if (!stream) return;
    for (int i = 0; i < 2; i++) {
        staging_free(stream->slots[i].staging);
        buffer_free(stream->slots[i].elements);
    }
    free(stream);
}

static clae_status close_slot(slot *slot) {
    if (!slot->is_open) return CLAE_OK;
    slot->is_open = false;
    return staging_end(slot->staging);
}

clae_status image_stream_start(image_stream *stream, const clae_dataset *dataset, size_t first, const uint32_t *order) {
    stream->dataset = dataset;
    stream->first = first;
    stream->order = order;
    clae_status status = CLAE_OK;
    for (int i = 0; i < 2 && status == CLAE_OK; i++) {
        status = close_slot(&stream->slots[i]);
        stream->slots[i].chunk = NO_CHUNK;
    }
    return status;
}

/* Images of a chunk; the last one may be smaller. */
static size_t chunk_count(const image_stream *stream, size_t chunk) {
    const dataset_layout *layout = &stream->layout;
    const size_t batch = layout->batch_size;
    const size_t end = layout->fills_up ? (layout->n + batch - 1) / batch * batch : layout->n;
    const size_t left = end - chunk * layout->chunk_images;
    return left < layout->chunk_images ? left : layout->chunk_images;
}

static clae_status open_slot(slot *slot, size_t chunk) {
    clae_status status = close_slot(slot);
    if (status == CLAE_OK) status = staging_begin(slot->staging);
    slot->is_open = status == CLAE_OK;
    slot->chunk = slot->is_open ? chunk : NO_CHUNK;
    slot->gathered = 0;
    return status;
}

/* Puts up to `count` further images of the slot's chunk on their way. */
static clae_status gather(const image_stream *stream, slot *slot, size_t count) {
    const dataset_layout *layout = &stream->layout;
    const size_t bytes = layout->image_bytes, left = chunk_count(stream, slot->chunk) - slot->gathered;
    const size_t first = slot->gathered, end = first + (count < left ? count : left);
    char *to = slot->staging->data;
    clae_status status = CLAE_OK;
    for (size_t i = first; i < end && status == CLAE_OK; i++) {
        const size_t at = slot->chunk * layout->chunk_images + i, place = at < layout->n ? at : layout->n - 1;
        const size_t image = stream->order ? stream->order[place] : place;
        status = dataset_read_elements(stream->dataset, stream->first + image, 1, to + i * bytes);
    }
    slot->gathered = end;
    if (status != CLAE_OK) return status;
    return staging_upload(slot->staging, first * bytes, (end - first) * bytes, slot->elements);
}

/* Makes `chunk` the current one, and begins with the one after it. */
static clae_status go_to(image_stream *stream, size_t chunk) {
    slot *next = &stream->slots[1 - stream->current], *previous = &stream->slots[stream->current];
    clae_status status = next->chunk == chunk ? CLAE_OK : open_slot(next, chunk);
    if (status == CLAE_OK) status = gather(stream, next, stream->layout.chunk_images);
    if (status == CLAE_OK) status = close_slot(next);
    if (status != CLAE_OK) return status;
    stream->current = 1 - stream->current;
    const bool is_last = (chunk + 1) * stream->layout.chunk_images >= stream->layout.n;
    return is_last ? CLAE_OK : open_slot(previous, chunk + 1);
}

clae_status image_stream_take(image_stream *stream, size_t first, buffer **elements, size_t *place) {
    const size_t chunk = first / stream->layout.chunk_images;
    clae_status status = CLAE_OK;
    if (stream->slots[stream->current].chunk != chunk) status = go_to(stream, chunk);
    slot *next = &stream->slots[1 - stream->current];
    if (status == CLAE_OK && next->is_open) status = gather(stream, next, stream->layout.batch_size);
    *elements = stream->slots[stream->current].elements;
    *place = first - chunk * stream->layout.chunk_images;
    return status;
}
