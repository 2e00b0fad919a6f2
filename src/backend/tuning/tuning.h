/* What was found fastest for the ops of a device, kept in a text file of the cache folder by their keys (op_key). */
#ifndef CLAE_BACKEND_TUNING_TUNING_H
#define CLAE_BACKEND_TUNING_TUNING_H

#include "backend/tuning/space.h"

enum { TUNING_KEY_SIZE = OP_KEY_SIZE + 16, TUNING_IMPL_SIZE = 32 };

typedef struct tuning_entry {
    char op[TUNING_KEY_SIZE]; /* what is done, and whether in TF32 */
    char impl[TUNING_IMPL_SIZE];
    char values[TUNE_TEXT_SIZE]; /* "" for an implementation without parameters */
    double ms;
} tuning_entry;

/* Gives the device what was kept for it; a file that cannot be used is left alone, with a warning. */
clae_status tuning_open(clae_device *device);
void tuning_free(struct tuning *tuning); /* takes NULL */

/* The entry for an op, or else for the same op with another number of images; NULL for none, or where numerics leave
 * them aside. */
const tuning_entry *tuning_find(const clae_device *device, const op_desc *desc, const numerics *numerics);
/* The entry for this very op. */
const tuning_entry *tuning_find_exactly(const clae_device *device, const op_desc *desc, const numerics *numerics);

/* Replaces the entry for an op. */
clae_status tuning_set(clae_device *device, const op_desc *desc, const numerics *numerics, const char *impl,
                       const char *values, double ms);
/* Writes the file. CLAE_ERROR_OUTPUT when there is no folder for it. */
clae_status tuning_save(const clae_device *device);
/* Where that is; NULL for nowhere. */
const char *tuning_path(const clae_device *device);

/* Of the implementations and values, which decide how numbers are rounded; 0 where nothing is tuned or used. */
uint32_t tuning_fingerprint(const clae_device *device, const numerics *numerics);

#endif
