/* What a file is that was given in place of another one, for messages. */
#ifndef CLAE_DATA_FILE_KIND_H
#define CLAE_DATA_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of a file's start from which every kind is known. */
#define FILE_KIND_BYTES 64

typedef struct file_kind {
    const char *what;   /* "a PNG image"; NULL for what is not known */
    const char *advice; /* what to do with it; NULL where that depends on what was wanted */
} file_kind;

file_kind file_kind_of(const uint8_t *start, size_t bytes);

#endif
