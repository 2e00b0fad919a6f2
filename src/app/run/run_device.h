/* What a run is trained on, as its checkpoints say it: where that changes, so do the numbers. */
#ifndef CLAE_APP_RUN_RUN_DEVICE_H
#define CLAE_APP_RUN_RUN_DEVICE_H

#include "backend/numerics.h"

#include <clae/device.h>
#include <stddef.h>

#define RUN_DEVICE_BYTES 1024

/* Name and driver, and which tuning is in use, as UTF-8. */
void run_device_text(const clae_device *device, const numerics *numerics, char text[RUN_DEVICE_BYTES]);

#endif
