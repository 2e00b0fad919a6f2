/* The header of NumPy's .npy files, of versions 1.0 and 2.0. Functions that give text give the reason for which a
 * header cannot be taken, or NULL. */
#ifndef CLAE_DATA_NPY_HEADER_H
#define CLAE_DATA_NPY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NPY_MAGIC "\x93NUMPY"
#define NPY_MAGIC_BYTES 6
#define NPY_MAX_RANK 8
#define NPY_MAX_HEADER_BYTES 65536
/* What stands before the dictionary, at most. */
#define NPY_PREFIX_BYTES 12

typedef struct npy_header {
    char type[16];   /* as NumPy writes it: "<f4" */
    bool is_fortran; /* the first index runs fastest, otherwise the last one */
    size_t rank, shape[NPY_MAX_RANK];
} npy_header;

bool npy_is_npy(const uint8_t *start, size_t bytes);

/* Where the dictionary begins and how long it is, from the first bytes of a file. */
const char *npy_parse_prefix(const uint8_t *start, size_t bytes, size_t *dict, size_t *dict_bytes);
const char *npy_parse_dict(const char *text, size_t bytes, npy_header *header);

#endif
