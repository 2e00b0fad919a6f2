#include "opencl/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Drivers have filled only a part of very large buffers when asked to fill them at once. */
#define FILL_CHUNK_BYTES ((size_t)256 << 20)

clae_status opencl_buffer_create(clae_device *base, size_t bytes, buffer **out) {
    opencl_device *device = opencl_device_of(base);
    *out = NULL;
    if (base->info.largest_allocation_bytes && bytes > base->info.largest_allocation_bytes)
        return fail(base->context, CLAE_ERROR_DEVICE,
                    "a buffer of %zu MiB is needed, but OpenCL device %s (%s) allocates at most %" PRIu64
                    " MiB at once: use a smaller batch, fewer channels or fewer images",
                    bytes >> 20, base->info.id, base->info.name, base->info.largest_allocation_bytes >> 20);
    opencl_buffer *self = calloc(1, sizeof *self);
    if (!self) return fail_memory(base->context, sizeof *self, "a buffer");
    self->base.device = base;
    self->base.bytes = bytes;
    cl_int code;
    self->memory = clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes ? bytes : 1, NULL, &code);
    if (code != CL_SUCCESS) {
        char subject[64];
        snprintf(subject, sizeof subject, "%zu bytes", bytes);
        free(self);
        return opencl_check(device, code, "clCreateBuffer", subject);
    }
    *out = &self->base;
    return CLAE_OK;
}

void opencl_buffer_free(buffer *self) {
    if (!self) return;
    clReleaseMemObject(((opencl_buffer *)self)->memory);
    free(self);
}

static cl_mem memory_of(buffer *self) {
    return ((opencl_buffer *)self)->memory;
}

static clae_status check_transfer(buffer *self, cl_int code, const char *call, size_t bytes) {
    char subject[64];
    if (code == CL_SUCCESS) return CLAE_OK;
    snprintf(subject, sizeof subject, "%zu of %zu bytes", bytes, self->bytes);
    return opencl_check(opencl_device_of(self->device), code, call, subject);
}

clae_status opencl_upload(buffer *self, size_t offset_bytes, const void *data, size_t bytes) {
    if (bytes == 0) return CLAE_OK;
    cl_int code = clEnqueueWriteBuffer(opencl_device_of(self->device)->queue, memory_of(self), CL_TRUE, offset_bytes,
                                       bytes, data, 0, NULL, NULL);
    return check_transfer(self, code, "clEnqueueWriteBuffer", bytes);
}

clae_status opencl_download(buffer *self, const buffer_piece *pieces, size_t count) {
    opencl_device *device = opencl_device_of(self->device);
    clae_status status = CLAE_OK;
    for (size_t i = 0; i < count && status == CLAE_OK; i++) {
        const buffer_piece *piece = &pieces[i];
        const cl_bool waits = i + 1 == count ? CL_TRUE : CL_FALSE;
        const cl_int code = clEnqueueReadBuffer(device->queue, memory_of(self), waits, piece->offset_bytes,
                                                piece->bytes, piece->data, 0, NULL, NULL);
        status = check_transfer(self, code, "clEnqueueReadBuffer", piece->bytes);
    }
    if (status != CLAE_OK) clFinish(device->queue); /* the pieces before may still be written */
    pocl_start_has_run(&device->start, device->kernels_made);
    return status;
}

static clae_status fill(buffer *self, const void *pattern, size_t pattern_bytes, size_t offset_bytes, size_t bytes) {
    for (size_t done = 0; done < bytes;) {
        size_t chunk = bytes - done < FILL_CHUNK_BYTES ? bytes - done : FILL_CHUNK_BYTES;
        cl_int code = clEnqueueFillBuffer(opencl_device_of(self->device)->queue, memory_of(self), pattern,
                                          pattern_bytes, offset_bytes + done, chunk, 0, NULL, NULL);
        clae_status status = check_transfer(self, code, "clEnqueueFillBuffer", chunk);
        if (status) return status;
        done += chunk;
    }
    return CLAE_OK;
}

/* By whole cache lines, where that comes out even: single floats take long on CPUs. */
clae_status opencl_fill(buffer *self, size_t offset, size_t count, float value) {
    cl_float pattern[16];
    const size_t lanes = sizeof pattern / sizeof *pattern, start = (lanes - offset % lanes) % lanes;
    const size_t before = start < count ? start : count, lines = (count - before) / lanes * lanes;
    for (size_t i = 0; i < lanes; i++) pattern[i] = value;
    const size_t one = sizeof *pattern, rest = count - before - lines;
    clae_status status = fill(self, pattern, one, offset * one, before * one);
    if (!status) status = fill(self, pattern, sizeof pattern, (offset + before) * one, lines * one);
    return status ? status : fill(self, pattern, one, (offset + before + lines) * one, rest * one);
}

clae_status opencl_zero(buffer *self, size_t offset_bytes, size_t bytes) {
    const char pattern = 0;
    const size_t one = sizeof(float);
    if ((offset_bytes | bytes) % one != 0) return fill(self, &pattern, sizeof pattern, offset_bytes, bytes);
    return opencl_fill(self, offset_bytes / one, bytes / one, 0);
}
