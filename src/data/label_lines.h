/* Text files of labels: a line for each image. */
#ifndef CLAE_DATA_LABEL_LINES_H
#define CLAE_DATA_LABEL_LINES_H

#include "base/context.h"

#include <stddef.h>

/* `name,label`, or what is the whole line, without a label; separated by a comma, a semicolon or a tab. */
typedef struct label_line {
    const char *name, *label; /* NULL: there is none */
} label_line;

typedef struct label_lines {
    label_line *lines; /* those that are not empty, as the file has them */
    size_t count;
    char *text;
} label_lines;

clae_status label_lines_read(const clae_context *context, const char *path, label_lines *lines);
void label_lines_free(label_lines *lines);

#endif
