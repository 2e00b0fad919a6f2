/* Kernel sources: embedded at build time, or taken from the folder that the context names. */
#ifndef CLAE_OPENCL_SOURCE_H
#define CLAE_OPENCL_SOURCE_H

#include "base/context.h"

typedef struct opencl_source {
    const char *file; /* "bias.cl" */
    const char *text;
} opencl_source;

/* Every file of cl/, ended by a NULL file; made at build time. */
extern const opencl_source opencl_sources[];

/* A fresh copy of a source, to be freed. A line #include "NAME" is replaced by that source. */
clae_status opencl_source_load(const clae_context *context, const char *file, char **text);

#endif
