/* Uploads by a queue of their own; events order it with the device's. */
#include "opencl/device.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct opencl_staging {
    staging base;
    cl_command_queue queue; /* in order */
    cl_mem pinned;          /* mapped as base.data: drivers copy from such memory without a copy of their own */
    cl_event uploaded;      /* the last staging_end; NULL before it */
} opencl_staging;

static opencl_device *device_of(const opencl_staging *self) {
    return opencl_device_of(self->base.device);
}

static clae_status staging_check(const opencl_staging *self, cl_int code, const char *call) {
    char subject[64];
    if (code == CL_SUCCESS) return CLAE_OK;
    snprintf(subject, sizeof subject, "uploads of %zu bytes", self->base.bytes);
    return opencl_check(device_of(self), code, call, subject);
}

static clae_status staging_make_memory(opencl_staging *self) {
    const opencl_device *device = device_of(self);
    cl_int code;
    self->queue = clCreateCommandQueue(device->context, device->id, 0, &code);
    if (code != CL_SUCCESS) return staging_check(self, code, "clCreateCommandQueue");
    self->pinned =
        clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, self->base.bytes, NULL, &code);
    if (code != CL_SUCCESS) return staging_check(self, code, "clCreateBuffer");
    self->base.data = clEnqueueMapBuffer(self->queue, self->pinned, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0,
                                         self->base.bytes, 0, NULL, NULL, &code);
    if (code != CL_SUCCESS) self->base.data = NULL;
    return staging_check(self, code, "clEnqueueMapBuffer");
}

clae_status opencl_staging_create(clae_device *device, size_t bytes, staging **out) {
    opencl_staging *self = calloc(1, sizeof *self);
    if (!self) return fail_memory(device->context, sizeof *self, "images on their way to the device");
    self->base.device = device;
    self->base.bytes = bytes;
    const clae_status status = staging_make_memory(self);
    if (status != CLAE_OK) {
        opencl_staging_free(&self->base);
        return status;
    }
    *out = &self->base;
    return CLAE_OK;
}

void opencl_staging_free(staging *staging) {
    opencl_staging *self = (opencl_staging *)staging;
    /* Its queue may wait for work that the device's has not been told to start. */
    clFlush(device_of(self)->queue);
    if (self->base.data) clEnqueueUnmapMemObject(self->queue, self->pinned, self->base.data, 0, NULL, NULL);
    if (self->queue) clFinish(self->queue);
    if (self->uploaded) clReleaseEvent(self->uploaded);
    if (self->pinned) clReleaseMemObject(self->pinned);
    if (self->queue) clReleaseCommandQueue(self->queue);
    free(self);
}

clae_status opencl_staging_begin(staging *staging) {
    opencl_staging *self = (opencl_staging *)staging;
    cl_command_queue compute = device_of(self)->queue;
    cl_event now;
    cl_int code = self->uploaded ? clWaitForEvents(1, &self->uploaded) : CL_SUCCESS;
    if (code != CL_SUCCESS) return staging_check(self, code, "clWaitForEvents");
    code = clEnqueueMarkerWithWaitList(compute, 0, NULL, &now);
    if (code != CL_SUCCESS) return staging_check(self, code, "clEnqueueMarkerWithWaitList");
    code = clFlush(compute);
    if (code == CL_SUCCESS) code = clEnqueueBarrierWithWaitList(self->queue, 1, &now, NULL);
    clReleaseEvent(now);
    return staging_check(self, code, "clEnqueueBarrierWithWaitList");
}

clae_status opencl_staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer) {
    opencl_staging *self = (opencl_staging *)staging;
    const char *from = (const char *)self->base.data + offset_bytes;
    cl_int code = clEnqueueWriteBuffer(self->queue, ((opencl_buffer *)buffer)->memory, CL_FALSE, offset_bytes, bytes,
                                       from, 0, NULL, NULL);
    if (code == CL_SUCCESS) code = clFlush(self->queue);
    return staging_check(self, code, "clEnqueueWriteBuffer");
}

clae_status opencl_staging_end(staging *staging) {
    opencl_staging *self = (opencl_staging *)staging;
    cl_event uploaded;
    cl_int code = clEnqueueMarkerWithWaitList(self->queue, 0, NULL, &uploaded);
    if (code != CL_SUCCESS) return staging_check(self, code, "clEnqueueMarkerWithWaitList");
    if (self->uploaded) clReleaseEvent(self->uploaded);
    self->uploaded = uploaded;
    code = clFlush(self->queue);
    if (code == CL_SUCCESS) code = clEnqueueBarrierWithWaitList(device_of(self)->queue, 1, &uploaded, NULL);
    return staging_check(self, code, "clEnqueueBarrierWithWaitList");
}
