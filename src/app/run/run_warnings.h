/* What the numbers of a training say that its user should know; a line each. */
#ifndef CLAE_APP_RUN_RUN_WARNINGS_H
#define CLAE_APP_RUN_RUN_WARNINGS_H

#include "app/run/run_log.h"

#include <clae/infer.h>

/* After an epoch, whose row is the log's last one: whether its loss has risen far above the first one's. */
void run_warn_of_epoch(const clae_context *context, const run_log *log);
/* At the end: whether the model is no better than the mean of the images, and whether numbers of the codes are the same
 * for all of them. What cannot be computed is left out. */
void run_warn_of_model(clae_context *context, clae_infer *infer, const clae_model *model, const clae_dataset *images,
                       double mse_per_pixel);

#endif
