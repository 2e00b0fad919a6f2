/* Files: read whole, written atomically, and the folders where things are kept. */
#ifndef CLAE_BASE_FILES_H
#define CLAE_BASE_FILES_H

#include "base/context.h"

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct file_part {
    const void *data;
    size_t bytes;
} file_part;

/* Writes the parts one after the other to a unique temporary file beside `path`, flushes it to the disk and renames it:
 * there is always the old file or the new one. A link stays, and the file that it leads to is replaced. Devices, pipes
 * and descriptors of the process (/dev/stdout, /dev/fd/N) are written in place. CLAE_ERROR_OUTPUT on any fault, the old
 * file untouched. */
clae_status file_write_atomic(const clae_context *context, const char *path, const file_part *parts, size_t count);

/* A regular file that is written piece by piece, in any order, to a temporary one which takes its place at the end: the
 * old file is there until then. Where the file system can, the temporary file has no name before, and vanishes with the
 * process. */
typedef struct file_builder file_builder;
clae_status file_builder_open(const clae_context *context, const char *path, file_builder **builder);
int file_builder_descriptor(const file_builder *builder); /* for reading and writing */
/* False and errno on a fault; for several threads at once. */
bool file_builder_write(const file_builder *builder, uint64_t offset, const void *data, size_t bytes);
bool file_builder_read(const file_builder *builder, uint64_t offset, void *data, size_t bytes);
/* Once: flushes it to the disk, and puts it in its place. */
clae_status file_builder_commit(file_builder *builder);
void file_builder_free(file_builder *builder); /* takes NULL, and drops what was not committed */

/* Whether file_write_atomic would be able to, as far as that is known before: a temporary file is made and removed. */
clae_status file_check_writable(const clae_context *context, const char *path);
/* Whether it would write in place. */
bool file_is_in_place(const char *path);

/* Removes the temporary files in a folder whose processes have died; gives their number. */
size_t folder_sweep_temporaries(const clae_context *context, const char *path);

/* Reads a whole file of at most max_bytes; *data is freed by the caller and has a zero byte after the end.
 * `what` names the kind of file in messages. CLAE_ERROR_INPUT on any fault. */
clae_status file_read(const clae_context *context, const char *path, const char *what, size_t max_bytes, uint8_t **data,
                      size_t *bytes);

/* Reads the first bytes of a file, `most` of them at most: how many there are; 0 for one that cannot be read. */
size_t file_read_start(const char *path, void *data, size_t most);

/* Creates a folder and the ones above it. */
clae_status folder_create(const clae_context *context, const char *path);
bool path_is_folder(const char *path);
bool path_exists(const char *path);
/* *folder is NULL, and that no error, where there is none. Ended by closedir. */
clae_status folder_open(const clae_context *context, const char *path, DIR **folder);
struct stat;
/* Whether the path leads to this very file; NULL: no. */
bool file_is_at(const struct stat *file, const char *path);

/* Fresh strings: "$VARIABLE/clae", or "$HOME/fallback/clae"; NULL where neither variable is set to an absolute path. */
char *xdg_folder(const char *variable, const char *fallback);

/* CRC-32 of zlib, to find damage; and FNV-1a of 64 bits, to make names. */
uint32_t hash_crc32(uint32_t crc, const void *data, size_t bytes);
#define HASH_FNV1A_START 14695981039346656037ULL
uint64_t hash_fnv1a(uint64_t hash, const void *data, size_t bytes);

#endif
