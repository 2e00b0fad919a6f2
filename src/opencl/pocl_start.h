/* Marks of starts: a damaged file in pocl's cache may abort the whole program when a kernel is first run. A mark lies
 * in that cache until every kernel has run; one that nobody holds any more is of a start that died. */
#ifndef CLAE_OPENCL_POCL_START_H
#define CLAE_OPENCL_POCL_START_H

#include <stdbool.h>

typedef struct pocl_start {
    char *path;     /* NULL: there is no mark */
    int descriptor; /* which holds it */
    unsigned kernels_seen;
} pocl_start;

/* Makes a mark in pocl's cache; without one that is no error. */
void pocl_start_begin(pocl_start *start, const char *folder);
/* What was enqueued has run, by kernels of which so many were made in all: when there are no more than the last time,
 * all of them have run before, and the mark is taken away. */
void pocl_start_has_run(pocl_start *start, unsigned kernels_made);
void pocl_start_end(pocl_start *start); /* takes a zeroed one */

/* Whether a start with this cache has died. */
bool pocl_start_died(const char *folder);

#endif
