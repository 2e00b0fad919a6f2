/* The insides of a device's tuning. */
#ifndef CLAE_BACKEND_TUNING_TUNING_TABLE_H
#define CLAE_BACKEND_TUNING_TUNING_TABLE_H

#include "backend/tuning/tuning.h"

struct tuning {
    char *path, *key; /* the file, and the line in it that says whose it is; path is NULL where there is no folder */
    tuning_entry *entries;
    size_t count;
};

#endif
