/* Optimisers: the table behind the op `update`. */
#ifndef CLAE_OPS_UPDATE_H
#define CLAE_OPS_UPDATE_H

#include "ops/op.h"

#define UPDATE_MAX_STATES 2

typedef struct update_kind {
    const char *name;                     /* "adam" */
    const char *state[UPDATE_MAX_STATES]; /* "m"; NULL: none */
    double flops;                         /* for each parameter */
} update_kind;

const update_kind *update_kind_of(optimiser_id optimiser);
/* OPTIMISER_COUNT when there is none of the name. */
optimiser_id update_find(const char *name);
/* How many states it has. */
size_t update_state_count(optimiser_id optimiser);
bool update_state_is_square(optimiser_id optimiser, size_t state);
/* "adam.m.": what stands before the names of tensors in files. */
#define UPDATE_PREFIX_BYTES 48
void update_state_prefix(optimiser_id optimiser, size_t state, char text[UPDATE_PREFIX_BYTES]);

#endif
