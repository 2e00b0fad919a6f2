/* The functions that the table of the backend names. */
#ifndef CLAE_OPENCL_DEVICE_H
#define CLAE_OPENCL_DEVICE_H

#include "opencl/opencl.h"

clae_status opencl_open(clae_context *context, const clae_device_info *info, const char *variant, clae_device **device);
void opencl_close(clae_device *device);
clae_status opencl_finish(clae_device *device);
clae_status opencl_start(clae_device *device);
/* A device with context and queue, of which nothing else is known yet; closed by opencl_close. */
clae_status opencl_connect(clae_context *context, const clae_device_info *info, opencl_device **device);
clae_status opencl_measure_peak(clae_device *device, double *gflops);

clae_status opencl_buffer_create(clae_device *device, size_t bytes, buffer **out);
void opencl_buffer_free(buffer *self);
clae_status opencl_upload(buffer *self, size_t offset_bytes, const void *data, size_t bytes);
clae_status opencl_download(buffer *self, const buffer_piece *pieces, size_t count);
clae_status opencl_zero(buffer *self, size_t offset_bytes, size_t bytes);
clae_status opencl_fill(buffer *self, size_t offset, size_t count, float value);

clae_status opencl_staging_create(clae_device *device, size_t bytes, staging **out);
void opencl_staging_free(staging *staging);
clae_status opencl_staging_begin(staging *staging);
clae_status opencl_staging_upload(staging *staging, size_t offset_bytes, size_t bytes, buffer *buffer);
clae_status opencl_staging_end(staging *staging);

#endif
