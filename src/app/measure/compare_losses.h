/* The losses of the same training on two devices, and how far rounding alone drives them apart. */
#ifndef CLAE_APP_MEASURE_COMPARE_LOSSES_H
#define CLAE_APP_MEASURE_COMPARE_LOSSES_H

#include "app/measure/compare.h"

/* Fills result->losses; result->passed becomes false where a difference is beyond its bound. `model` has its weights
 * again afterwards. */
clae_status compare_losses(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                           const compare_options *options, compare_result *result);

#endif
