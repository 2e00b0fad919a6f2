#include "op_mma.h"

#if CLAE_HAVE_OPENCL
#include "opencl/mma.h"

#include <string.h>

void op_mma_lay_out(clae_device *device, const char *unit) {
    static const opencl_mma units[] = {OPENCL_MMA_PTX, OPENCL_MMA_MFMA, OPENCL_MMA_DPAS, OPENCL_MMA_DPAS_BF16};
    if (strcmp(device->backend->name, "opencl") != 0 || opencl_device_of(device)->mma != OPENCL_MMA_STAND_IN) return;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(opencl_mma_name(units[i]), unit) == 0) opencl_device_of(device)->mma_layout = units[i];
}
#else
void op_mma_lay_out(clae_device *device, const char *unit) {
    (void)device;
    (void)unit;
}
#endif
