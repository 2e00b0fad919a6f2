/* Programs: those of one device in memory, and their binaries on disk for the next run. */
#ifndef CLAE_OPENCL_PROGRAM_CACHE_H
#define CLAE_OPENCL_PROGRAM_CACHE_H

#include "opencl/opencl.h"

/* Looks for the folder on disk too: <cache_dir>/kernels, private to its user; without it nothing is kept. NULL without
 * memory. */
opencl_program_cache *opencl_program_cache_create(const clae_context *context);
void opencl_program_cache_free(opencl_program_cache *cache); /* releases the programs; takes NULL */

/* A file with options. It is the cache's, and stays where it is. */
typedef struct opencl_program {
    char *file, *options;
    cl_program program; /* NULL: it waits to be built */
    bool is_cached;     /* its binary was taken from the disk */
    int number;         /* of a program that was built with others: its kernels' names end in _<number>; otherwise -1 */
    struct opencl_program *next;
} opencl_program;

/* NULL when there is none yet. */
opencl_program *opencl_program_cache_find(const opencl_program_cache *cache, const char *file, const char *options);
/* Adds one that waits; NULL without memory. */
opencl_program *opencl_program_cache_add(opencl_program_cache *cache, const char *file, const char *options);
/* The last one added; its `next` are the others. */
opencl_program *opencl_program_cache_first(const opencl_program_cache *cache);

/* The folder on disk, NULL where there is none. */
const char *opencl_program_cache_folder(const opencl_program_cache *cache);

/* Entries on disk are found by the whole key, which says all that a binary depends on. A missing, damaged or foreign
 * entry is false; failures to write are a debug line: neither is an error. */
bool opencl_program_cache_read(const opencl_program_cache *cache, const clae_context *context, const char *key,
                               unsigned char **binary, size_t *bytes);
void opencl_program_cache_write(const opencl_program_cache *cache, const clae_context *context, const char *key,
                                const unsigned char *binary, size_t bytes);
void opencl_program_cache_remove(const opencl_program_cache *cache, const char *key);

/* The program of a file with options. On devices that are slow to build programs it may wait, and
 * opencl_program_build builds it with all others that wait; otherwise it is built at once. */
clae_status opencl_program_get(opencl_device *device, const char *file, const char *options, opencl_program **program);
clae_status opencl_program_build(opencl_device *device, opencl_program *program);
/* Builds a program anew from its source, and keeps it in the place of the cached one. */
clae_status opencl_program_rebuild(opencl_device *device, opencl_program *program);

/* program_batch.c: tries to build all that wait as one program; what fails still waits. */
void opencl_program_build_batch(opencl_device *device);

/* What is put before the options of each program. No warnings: drivers print them past the log. */
#define OPENCL_STANDARD_OPTIONS "-cl-std=CL1.2 -w"
/* These, and what a device needs beside. */
const char *opencl_standard_options(const opencl_device *device);

#endif
