/* What OpenCL platforms and devices there are. */
#ifndef CLAE_OPENCL_PLATFORMS_H
#define CLAE_OPENCL_PLATFORMS_H

#include "opencl/opencl.h"

/* Appends every device of every platform; none is no error. */
clae_status opencl_list(clae_context *context, clae_device_info **list, size_t *count);

/* The ids behind "P:D"; CLAE_ERROR_DEVICE when there is no such device. */
clae_status opencl_find_device(clae_context *context, const char *id, cl_platform_id *platform, cl_device_id *device);

/* One number of a device, 0 when the driver does not know it. */
cl_ulong opencl_device_ulong(cl_device_id id, cl_device_info what);
size_t opencl_device_size(cl_device_id id, cl_device_info what);
cl_uint opencl_device_uint(cl_device_id id, cl_device_info what);

#endif
