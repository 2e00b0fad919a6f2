#include "op_mma.h"

#if CLAE_HAVE_OPENCL
#include "opencl/mma.h"

#include <string.h>

void op_mma_lay_out(clae_device *device, const char *unit) {
    if (strcmp(device->backend->name, "opencl") != 0 || opencl_device_of(device)->mma != OPENCL_MMA_STAND_IN) return;
    for (opencl_mma mma = OPENCL_MMA_PTX; mma < OPENCL_MMA_COUNT; mma++)
        if (strcmp(opencl_mma_name(mma), unit) == 0) opencl_device_of(device)->mma_layout = mma;
}
#else
void op_mma_lay_out(clae_device *device, const char *unit) {
    (void)device;
    (void)unit;
}
#endif
