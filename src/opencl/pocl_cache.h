/* The folder in which pocl keeps what it compiled: it aborts when an entry is damaged, or the disk is full. */
#ifndef CLAE_OPENCL_POCL_CACHE_H
#define CLAE_OPENCL_POCL_CACHE_H

#include "base/context.h"

#include <clae/device.h>

/* What is tried one after the other: the folder as it is found, one of clae's own that may have been made before, and
 * that one emptied. */
typedef enum pocl_cache_step { POCL_CACHE_USUAL, POCL_CACHE_OWN, POCL_CACHE_EMPTIED, POCL_CACHE_STEPS } pocl_cache_step;

bool opencl_is_pocl(const clae_device_info *info);

/* Makes ready for a step. *folder is a fresh string, NULL for the folder that pocl takes by itself. False when the step
 * is of no use, for the reason `why`: there is no room, or an earlier start died with the folder. */
bool opencl_pocl_cache_step(const clae_context *context, pocl_cache_step step, char **folder, char *why, size_t size);
/* Says that pocl uses `folder`, in place of its own that it died with. */
void opencl_pocl_cache_explain(const clae_context *context, const char *why, const char *folder);

/* The folder that pocl takes by itself, a fresh string; NULL when it has none. */
char *opencl_pocl_cache_usual(void);
/* Whether it has one that can be written; makes it where it is not there. */
bool opencl_pocl_cache_can_be_written(void);

#endif
