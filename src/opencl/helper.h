/* The program clae-opencl-trial, which asks and tries drivers in a process of its own: they may crash and hang there.
 */
#ifndef CLAE_OPENCL_HELPER_H
#define CLAE_OPENCL_HELPER_H

#include "opencl/platforms.h"
#include "opencl/trial.h"

#define OPENCL_HELPER_PROGRAM "clae-opencl-trial"

typedef struct opencl_helper opencl_helper;

typedef enum opencl_outcome { OPENCL_WORKS, OPENCL_REFUSED, OPENCL_DIED } opencl_outcome;

/* vendors_folder NULL: the loader's own; pocl_folder NULL: pocl's own. NULL, with a line at debug level, where the
 * program is not found or does not start. */
opencl_helper *opencl_helper_start(const clae_context *context, const char *vendors_folder, const char *pocl_folder);
void opencl_helper_end(opencl_helper *helper); /* takes NULL */

/* Each is asked of a helper that has not died. `why` says how it died, or why a device is refused; it is empty
 * otherwise. */
opencl_outcome opencl_helper_list(opencl_helper *helper, opencl_listing *listing, char *why, size_t size);
opencl_outcome opencl_helper_try(opencl_helper *helper, const char *id, opencl_findings *findings, char *why,
                                 size_t size);
/* Whether a driver's library can be loaded. */
opencl_outcome opencl_helper_load(opencl_helper *helper, const char *library, char *why, size_t size);

#endif
