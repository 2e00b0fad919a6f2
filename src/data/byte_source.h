/* The bytes of a file, decompressed where it is a gzip file. */
#ifndef CLAE_DATA_BYTE_SOURCE_H
#define CLAE_DATA_BYTE_SOURCE_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

typedef struct byte_source byte_source;

/* Opens a regular file; CLAE_ERROR_INPUT when it cannot be read. `path` must outlive the source. */
clae_status byte_source_open(const clae_context *context, const char *path, byte_source **source);

/* What `read` gives is the file, not compressed: it fills `data` but at the end. limit_bytes: see below. */
typedef clae_status (*byte_source_read_fn)(void *user, void *data, size_t bytes, size_t *got);
clae_status byte_source_open_reader(const clae_context *context, const char *path, byte_source_read_fn read, void *user,
                                    uint64_t limit_bytes, byte_source **source);

/* The most bytes that the file can give, whatever its header promises. */
uint64_t byte_source_limit_bytes(const byte_source *source);

/* The first bytes of the file, BYTE_SOURCE_START_BYTES or all that there are: before anything is read, and without
 * taking anything away. They stay valid. */
#define BYTE_SOURCE_START_BYTES 64
clae_status byte_source_peek(byte_source *source, const uint8_t **start, size_t *bytes);

/* Reads `bytes` bytes, fewer only at the end. CLAE_ERROR_INPUT on a fault of the disk or of the compressed data, which
 * includes its checksum, a missing end and foreign bytes after it. */
clae_status byte_source_read(byte_source *source, void *data, size_t bytes, size_t *got);

/* Reads what is left of the file, which must be `bytes` bytes, at least one, into a block that the caller frees. The
 * block grows as data come, so that a small file that promises much costs little. */
clae_status byte_source_read_rest(byte_source *source, size_t bytes, uint8_t **data);

void byte_source_close(byte_source *source); /* takes NULL */

#endif
