/* What the self-test has found out about a device: which ops compute rightly, and which implementations of an op fail
 * or compute wrongly there, whatever its shape. Plans, inference and tuning pass over the latter. */
#ifndef CLAE_BACKEND_DEVICE_TRUST_H
#define CLAE_BACKEND_DEVICE_TRUST_H

#include "backend/backend.h"

bool device_trust_passed(const clae_device *device, const op_desc *desc, const op_impl *impl);
bool device_trust_refuses(const clae_device *device, op_id op, const op_impl *impl);
/* Keeps that an op passed; a lack of memory only means that the test is made again. */
void device_trust_pass(clae_device *device, const op_desc *desc, const op_impl *impl);
/* CLAE_ERROR_INTERNAL without memory. */
clae_status device_trust_refuse(clae_device *device, op_id op, const op_impl *impl);
void device_trust_free(clae_device *device);

#endif
