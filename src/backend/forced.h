/* The implementations that numerics force, by the text of --impl. */
#ifndef CLAE_BACKEND_FORCED_H
#define CLAE_BACKEND_FORCED_H

#include "backend/backend.h"

/* The length of "opencl:" or "0:1:" before "op=impl"; 0 where no device is named. */
size_t forced_prefix_length(const char *item, size_t length);
/* Finds "op=impl" in the list, which may be NULL, for all devices or for this one; true with the implementation's name
 * when the op is there. */
bool forced_find(const char *impls, const clae_device *device, op_id op, char *name, size_t size);
/* "direct, plain": the names of a NULL-terminated list. */
void forced_list_names(const op_impl *const *impls, char *text, size_t size);

#endif
