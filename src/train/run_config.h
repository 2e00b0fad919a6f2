/* What a training is, apart from how long it lasts: kept as JSON in checkpoints, and compared when it is resumed. */
#ifndef CLAE_TRAIN_RUN_CONFIG_H
#define CLAE_TRAIN_RUN_CONFIG_H

#include "base/context.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct run_config {
    const char *data; /* the dataset's name or path */
    uint64_t epochs;
    uint64_t batch_size, latent_dim, channels, seed, limit_train;
    double lr;
    bool no_shuffle;
} run_config;

/* The fields that a resumed run must share, under the names of their options ("batch-size"): data and epochs are not
 * among them, as the images are compared by fingerprint and epochs may be raised. */
extern const size_t run_config_field_count;
const char *run_config_field_name(size_t index);

/* A new object, NULL without memory. */
json_t *run_config_to_json(const run_config *config);
/* config->data points into `object`. False when something is missing or of another type. */
bool run_config_from_json(const json_t *object, run_config *config);

/* Fields whose bit in `given` is set must be equal in both, CLAE_ERROR_INPUT with the list of those that differ
 * otherwise; the others are copied from `stored`. */
clae_status run_config_merge(const clae_context *context, const char *folder, const run_config *stored, uint64_t given,
                             run_config *config);

#endif
