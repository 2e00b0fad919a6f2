/* What may be chosen freely about a kernel: parameters that are macros, and the rule that says which values are
 * possible. */
#ifndef CLAE_BACKEND_TUNING_SPACE_H
#define CLAE_BACKEND_TUNING_SPACE_H

#include "backend/backend.h"

enum { TUNE_MAX_PARAMETERS = 7, TUNE_TEXT_SIZE = 128 };

typedef struct tune_parameter {
    const char *name;      /* as macros, shipped defaults and tuning files have it */
    const int *candidates; /* what the tuner tries, ascending, ended by 0 */
} tune_parameter;

typedef struct tune_space {
    const char *kernel; /* "conv_wgrad_direct", as the shipped defaults have it */
    size_t count;
    tune_parameter parameters[TUNE_MAX_PARAMETERS];
    /* Whether the kernel can be built with such values and would be right. */
    bool (*is_valid)(const clae_device *device, const op_desc *desc, const int *values);
    /* Of several shipped defaults the cheapest is taken; NULL: the first that is valid. */
    double (*cost)(const op_desc *desc, const int *values);
} tune_space;

#define TUNE_CANDIDATES(...)                                                                                           \
    (const int[]) {                                                                                                    \
        __VA_ARGS__, 0                                                                                                 \
    }

/* Values for a kernel: the choice's own, else those tuned for the op on the device, else the shipped ones of the
 * device's class. False when none of them is valid. */
bool tune_choose(const clae_device *device, const op_desc *desc, const op_choice *choice, const tune_space *space,
                 int *values);

/* The shipped ones alone. */
bool tune_ships(const clae_device *device, const op_desc *desc, const tune_space *space, int *values);

/* "LANES=8 VECTORS=2"; and back: false unless every parameter is there once, and no other. */
void tune_values_format(const tune_space *space, const int *values, char text[TUNE_TEXT_SIZE]);
bool tune_values_parse(const tune_space *space, const char *text, int *values);

#endif
