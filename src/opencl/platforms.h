/* What OpenCL platforms and devices there are, asked in this process. */
#ifndef CLAE_OPENCL_PLATFORMS_H
#define CLAE_OPENCL_PLATFORMS_H

#include "opencl/opencl.h"

typedef struct opencl_platform {
    char name[128], version[128];
    size_t device_count;
} opencl_platform;

typedef struct opencl_listing {
    clae_device_info *devices;
    opencl_platform *platforms;
    size_t device_count, platform_count;
} opencl_listing;

/* Every device of every platform; none is no error. */
clae_status opencl_list_here(clae_context *context, opencl_listing *listing);
void opencl_listing_release(opencl_listing *listing);

/* The ids behind "P:D" of an info; CLAE_ERROR_DEVICE when there is no such device. */
clae_status opencl_find_device(clae_context *context, const clae_device_info *info, cl_platform_id *platform,
                               cl_device_id *device);

/* One number of a device, 0 when the driver does not know it. */
cl_ulong opencl_device_ulong(cl_device_id id, cl_device_info what);
size_t opencl_device_size(cl_device_id id, cl_device_info what);
cl_uint opencl_device_uint(cl_device_id id, cl_device_info what);
/* Whether the driver names the extension; without memory for its list, no. */
bool opencl_has_extension(cl_device_id id, const char *name);

#endif
