/* The table of backends. */
#include "backend/backend.h"

const backend *const backends[] = {
#if CLAE_HAVE_OPENCL
    &backend_opencl,
#endif
    &backend_plain,
    NULL,
};
