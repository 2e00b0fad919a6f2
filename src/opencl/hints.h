/* Why a machine's devices may be missing from the list. */
#ifndef CLAE_OPENCL_HINTS_H
#define CLAE_OPENCL_HINTS_H

#include "backend/backend.h"

/* Logs each cause that is found, with what to do, as a warning or as information; false when none is. */
bool opencl_hint(clae_context *context, const clae_device_info *list, size_t count);

#endif
