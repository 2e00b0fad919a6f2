/* What a training is, apart from how long it lasts: kept as JSON in checkpoints, and compared when it is resumed. */
#ifndef CLAE_APP_RUN_RUN_CONFIG_H
#define CLAE_APP_RUN_RUN_CONFIG_H

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
    /* How numbers are computed: the same up to rounding. NULL: not said, the default. */
    bool no_winograd, no_fusion, no_tuning;
    const char *precision, *impls;
} run_config;

/* The largest values; the smallest are 1, of the seed 0, and of lr RUN_LR_MIN. */
#define RUN_EPOCHS_MAX 1000000
#define RUN_BATCH_MAX 1000000
#define RUN_LATENT_MAX 4096
#define RUN_CHANNELS_MAX 4096
#define RUN_IMAGES_MAX 1e12
#define RUN_LR_MIN 1e-12
#define RUN_LR_MAX 1e6
#define RUN_SEED_MAX 9007199254740992.0 /* fits into a double, and so into every JSON reader */

/* The fields that a resumed run must share, under the names of their options ("batch-size"): data and epochs are not
 * among them, as the images are compared by fingerprint and epochs may be raised. */
extern const size_t run_config_field_count;
const char *run_config_field_name(size_t index);

/* A new object, NULL without memory. */
json_t *run_config_to_json(const run_config *config);
/* Strings point into `object`. False when something is missing, of another type or out of range. */
bool run_config_from_json(const json_t *object, run_config *config);

/* Whether a run with one of them may go on with the other. */
bool run_config_is_same(const run_config *a, const run_config *b);
/* Fields whose bit in `given` is set must be equal in both, CLAE_ERROR_INPUT with the list of those that differ
 * otherwise; the others are copied from `stored`. How numbers are computed is `config`'s where it says something, with
 * a warning where `stored` differs, and otherwise that of `stored`. */
clae_status run_config_merge(const clae_context *context, const char *folder, const run_config *stored, uint64_t given,
                             run_config *config);

/* Makes the context compute in this way; config->precision and impls then stay valid with the context.
 * CLAE_ERROR_INPUT when there is no such implementation. */
clae_status run_config_apply(run_config *config, clae_context *context);

#endif
