#include "opencl/conv.h"

bool opencl_conv_tiled_supports(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return false;
}

clae_status opencl_conv_tiled_prepare(clae_device *device, const op_desc *desc, const op_impl *entry,
                                      op_instance **instance) {
    (void)instance;
    return conv_refuse(device, desc, entry->name, "-");
}
