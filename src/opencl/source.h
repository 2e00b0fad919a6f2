/* Kernel sources: embedded at build time, or taken from the folder that the context names. */
#ifndef CLAE_OPENCL_SOURCE_H
#define CLAE_OPENCL_SOURCE_H

#include "base/context.h"

#include <stdio.h>

typedef struct opencl_source {
    const char *file; /* "bias.cl" */
    const char *text;
    /* What it defines, separated by blanks: macros; and functions, types and enumerators at file scope. */
    const char *const *names;
} opencl_source;

/* Every file of cl/, ended by a NULL file; made at build time. */
extern const opencl_source opencl_sources[];

/* A fresh copy of a source, to be freed. A line #include "NAME" is replaced by that source. */
clae_status opencl_source_load(const clae_context *context, const char *file, char **text);

/* Whether a file and those that it includes are the embedded ones. */
bool opencl_source_is_embedded(const clae_context *context, const char *file);

/* Writes an embedded source so that it can follow others: what it defines ends in _<number>, kernels too, and macros
 * are undefined at the end. `options` ("-DN=3 -DM") become macros. */
clae_status opencl_source_write_numbered(const clae_context *context, const char *file, const char *options, int number,
                                         FILE *out);

#endif
