/* Built programs: those of one device in memory, and their binaries on disk for the next run. */
#ifndef CLAE_OPENCL_PROGRAM_CACHE_H
#define CLAE_OPENCL_PROGRAM_CACHE_H

#include "opencl/opencl.h"

/* Looks for the folder on disk too: <cache_dir>/kernels, private to its user; without it nothing is kept. NULL without
 * memory. */
opencl_program_cache *opencl_program_cache_create(const clae_context *context);
void opencl_program_cache_free(opencl_program_cache *cache); /* releases the programs; takes NULL */

/* A program of this device, NULL when there is none yet; it stays the cache's. */
cl_program opencl_program_cache_find(const opencl_program_cache *cache, const char *file, const char *options);
/* The cache owns the program from here on, also when this fails. */
clae_status opencl_program_cache_add(opencl_program_cache *cache, const clae_context *context, const char *file,
                                     const char *options, cl_program program);

/* The folder on disk, NULL where there is none. */
const char *opencl_program_cache_folder(const opencl_program_cache *cache);

/* Entries on disk are found by the whole key, which says all that a binary depends on. A missing, damaged or foreign
 * entry is false; failures to write are a debug line: neither is an error. */
bool opencl_program_cache_read(const opencl_program_cache *cache, const clae_context *context, const char *key,
                               unsigned char **binary, size_t *bytes);
void opencl_program_cache_write(const opencl_program_cache *cache, const clae_context *context, const char *key,
                                const unsigned char *binary, size_t bytes);

/* Gets or builds the program of a file with options; it stays the cache's. */
clae_status opencl_program_get(opencl_device *device, const char *file, const char *options, cl_program *program);

#endif
