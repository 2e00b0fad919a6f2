#include "app/run/run_device.h"

#include "base/text.h"
#include "backend/tuning/tuning.h"

#include <stdio.h>

void run_device_text(const clae_device *device, const numerics *numerics, char text[RUN_DEVICE_BYTES]) {
    const clae_device_info *info = clae_device_get_info(device);
    const unsigned tuning = tuning_fingerprint(device, numerics);
    char tuned[32] = "", raw[RUN_DEVICE_BYTES];
    if (tuning) snprintf(tuned, sizeof tuned, ", tuned %08x", tuning);
    snprintf(raw, sizeof raw, "%.120s (%.120s%s)", info->name, info->driver, tuned);
    text_sanitise(raw, text, RUN_DEVICE_BYTES);
}
