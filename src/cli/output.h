/* What a command writes: its format and place are settled before the work. */
#ifndef CLAE_CLI_OUTPUT_H
#define CLAE_CLI_OUTPUT_H

#include "cli/console.h"

#include <clae/clae.h>
#include <stddef.h>

typedef struct output_format {
    const char *ending; /* ".png"; NULL ends a list */
    const char *what;   /* "a picture" */
} output_format;

/* Files that the command reads; each may be NULL. */
typedef struct output_inputs {
    const char *data, *test_data, *labels, *model, *file;
} output_inputs;

typedef struct output {
    const char *option;           /* "--out" */
    const char *path;             /* "-" is standard output */
    const output_format *formats; /* NULL: any name will do */
    size_t format;                /* set by output_choose: by the path's ending; the first one where it has none */
    output_inputs inputs;
} output;

/* Settles path and format. CLAE_ERROR_INPUT for an unknown ending, and for a file that the command reads. Changes
 * nothing on the disk. */
clae_status output_choose(output *output, console *console, const clae_context *context);

/* Makes the folders above the path and finds out whether it can be written, before the work begins. */
clae_status output_prepare(const output *output, const clae_context *context);

/* The same for a file's name in a folder that the command fills. */
clae_status output_prepare_folder(const clae_context *context, const char *folder, const char *name);

/* Whether both are the same file, or will be. */
bool output_is_file(const char *path, const char *other);

/* Sequences of images and codes. */
extern const output_format output_arrays[];

#endif
