#include "plain/plain.h"

#include "ops/op_kind.h"

#include <stdlib.h>

clae_status plain_instance_create(clae_device *device, const op_desc *desc, const op_choice *choice, size_t size,
                                  clae_status (*run)(op_instance *, const op_args *), void (*release)(op_instance *),
                                  op_instance **instance) {
    op_instance *created = calloc(1, size);
    if (!created) return fail_memory(device->context, size, op_name(desc->op));
    *created = (op_instance){.impl = choice->impl, .device = device, .desc = *desc, .run = run, .release = release};
    *instance = created;
    return CLAE_OK;
}

void plain_instance_free(op_instance *instance) {
    free(instance);
}

bool plain_supports_all(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return true;
}

bool plain_supports_relu(const clae_device *device, const op_desc *desc) {
    (void)device;
    return op_has_relu_at_most(desc);
}
