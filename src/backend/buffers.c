/* Buffers and staging of any backend, and the memory that a device has for them. */
#include "backend/backend.h"

clae_status buffer_create(clae_device *device, size_t bytes, buffer **out) {
    *out = NULL;
    const clae_status status = device->backend->buffer_create(device, bytes ? bytes : 1, out);
    if (status == CLAE_OK) device->allocated_bytes += (*out)->bytes;
    return status;
}

void buffer_free(buffer *buffer) {
    if (!buffer) return;
    buffer->device->allocated_bytes -= buffer->bytes;
    buffer->device->backend->buffer_free(buffer);
}

clae_status buffer_upload(buffer *buffer, size_t offset_bytes, const void *data, size_t bytes) {
    return bytes ? buffer->device->backend->upload(buffer, offset_bytes, data, bytes) : CLAE_OK;
}

clae_status buffer_download(buffer *buffer, size_t offset_bytes, void *data, size_t bytes) {
    const buffer_piece piece = {offset_bytes, bytes, data};
    return bytes ? buffer_download_pieces(buffer, &piece, 1) : CLAE_OK;
}

clae_status buffer_download_pieces(buffer *buffer, const buffer_piece *pieces, size_t count) {
    return count ? buffer->device->backend->download(buffer, pieces, count) : CLAE_OK;
}

clae_status buffer_zero(buffer *buffer, size_t offset_bytes, size_t bytes) {
    return bytes ? buffer->device->backend->zero(buffer, offset_bytes, bytes) : CLAE_OK;
}

clae_status buffer_fill(buffer *buffer, size_t offset, size_t count, float value) {
    return count ? buffer->device->backend->fill(buffer, offset, count, value) : CLAE_OK;
}

clae_status device_start(clae_device *device) {
    return device->backend->start(device);
}

clae_status device_finish(clae_device *device) {
    return device->backend->finish(device);
}

clae_status staging_create(clae_device *device, size_t bytes, staging **out) {
    *out = NULL;
    return device->backend->staging_create(device, bytes ? bytes : 1, out);
}

void staging_free(staging *staging) {
    if (staging) staging->device->backend->staging_free(staging);
}

clae_status staging_begin(staging *staging) {
    return staging->device->backend->staging_begin(staging);
}

clae_status staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer) {
    return bytes ? staging->device->backend->staging_upload(staging, offset_bytes, bytes, buffer) : CLAE_OK;
}

clae_status staging_end(staging *staging) {
    return staging->device->backend->staging_end(staging);
}

/* The share of the memory that is left to the system and to other programs by a device that has no memory of its own:
 * drivers give the whole machine's as theirs, and what takes all of it makes the machine swap, or has the program
 * ended.
 */
#define SHARED_SPARED_SHARE 8

uint64_t device_memory_bytes(const clae_device *device) {
    const uint64_t all = device->info.memory_bytes, limit = device->context->memory_limit_bytes;
    const uint64_t has = device->shares_memory ? all - all / SHARED_SPARED_SHARE : all;
    if (has == 0 && limit == 0) return UINT64_MAX;
    return has == 0 || (limit && limit < has) ? limit : has;
}

uint64_t device_memory_left_bytes(const clae_device *device) {
    const uint64_t bytes = device_memory_bytes(device);
    if (bytes == UINT64_MAX) return bytes;
    return bytes > device->allocated_bytes ? bytes - device->allocated_bytes : 0;
}

uint64_t device_largest_buffer_bytes(const clae_device *device) {
    return device->info.largest_allocation_bytes ? device->info.largest_allocation_bytes : UINT64_MAX;
}
