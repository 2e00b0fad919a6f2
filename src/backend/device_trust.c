#include "backend/device_trust.h"

#include <stdlib.h>
#include <string.h>

typedef struct device_trust {
    struct device_trust *next;
    op_desc desc; /* of those that are refused, the op alone */
    const op_impl *impl;
    bool is_refused;
} device_trust;

bool device_trust_passed(const clae_device *device, const op_desc *desc, const op_impl *impl) {
    for (const device_trust *known = device->trust; known; known = known->next)
        if (!known->is_refused && known->impl == impl && memcmp(&known->desc, desc, sizeof *desc) == 0) return true;
    return false;
}

bool device_trust_refuses(const clae_device *device, op_id op, const op_impl *impl) {
    for (const device_trust *known = device->trust; known; known = known->next)
        if (known->is_refused && known->impl == impl && known->desc.op == op) return true;
    return false;
}

static device_trust *add(clae_device *device, const op_impl *impl) {
    device_trust *known = calloc(1, sizeof *known);
    if (!known) return NULL;
    known->impl = impl;
    known->next = device->trust;
    device->trust = known;
    return known;
}

void device_trust_pass(clae_device *device, const op_desc *desc, const op_impl *impl) {
    device_trust *known = add(device, impl);
    if (known) memcpy(&known->desc, desc, sizeof *desc);
}

clae_status device_trust_refuse(clae_device *device, op_id op, const op_impl *impl) {
    device_trust *known = add(device, impl);
    if (!known) return fail_memory(device->context, sizeof *known, "what is known of a device");
    known->desc.op = op;
    known->is_refused = true;
    return CLAE_OK;
}

void device_trust_free(clae_device *device) {
    while (device->trust) {
        device_trust *known = device->trust;
        device->trust = known->next;
        free(known);
    }
}
