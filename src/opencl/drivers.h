/* What there is to say of each OpenCL driver. */
#ifndef CLAE_OPENCL_DRIVERS_H
#define CLAE_OPENCL_DRIVERS_H

#include "backend/backend.h"

/* Appends a report of each .icd file. */
clae_status opencl_drivers(clae_context *context, driver_report **list, size_t *count);

#endif
