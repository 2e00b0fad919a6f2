/* What shows that a device can be used: a small program built and run on it. */
#ifndef CLAE_OPENCL_TRIAL_H
#define CLAE_OPENCL_TRIAL_H

#include "opencl/opencl.h"

/* What a trial finds out beside. */
typedef struct opencl_findings {
    bool without_fma;     /* built-in functions lack it */
    bool loops_end_early; /* of a work-item: they end before they are done */
    opencl_mma mma;
    bool asm_has_underscores, mma_fails; /* as in opencl_device */
} opencl_findings;

/* Opens the device of an info for a trial only, and runs it; CLAE_ERROR_DEVICE, with one line that says what failed. */
clae_status opencl_try_here(clae_context *context, const clae_device_info *info, opencl_findings *findings);

#endif
