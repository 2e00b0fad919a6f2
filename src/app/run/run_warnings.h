/* What the numbers of a training say that its user should know; a line each. What cannot be computed is left out. */
#ifndef CLAE_APP_RUN_RUN_WARNINGS_H
#define CLAE_APP_RUN_RUN_WARNINGS_H

#include "app/run/run_log.h"

#include <clae/infer.h>

/* After an epoch, whose row is the log's last one: whether its loss has risen far above the first one's. */
void run_warn_of_epoch(const clae_context *context, const run_log *log);

/* A model at the end of its training. */
typedef struct run_outcome {
    clae_context *context;
    clae_infer *infer; /* of the model */
    const clae_dataset *train, *test;
    double mse_per_pixel; /* of all test images */
    uint64_t steps;
    size_t batch_size;
} run_outcome;

/* Whether the model is no better than the mean of the test images, and if it is, than PCA; and what
 * run_warn_of_activity says. After a training of few steps it is no warning. */
void run_warn_of_model(const run_outcome *outcome);

/* Whether latent dimensions are the same for all images, and ReLUs 0. */
void run_warn_of_activity(clae_infer *infer, const clae_dataset *test, clae_log_level level);

/* Whether PCA of equal dimension is better than the model by more than noise. */
bool run_pca_is_better(double model_mse_per_pixel, double pca_mse_per_pixel);
/* Fits a PCA to as many images as cost little beside the training, if they are enough for one. */
void run_warn_of_pca(const run_outcome *outcome, clae_log_level level);

/* Images of the whole dataset at equal distances, at most so many; NULL without memory. */
clae_dataset *run_some_images(const clae_dataset *images, size_t most);

#endif
