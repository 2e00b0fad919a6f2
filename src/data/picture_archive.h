/* Archives of pictures: tar files, compressed or not, read by libarchive in the order of their members. */
#ifndef CLAE_DATA_PICTURE_ARCHIVE_H
#define CLAE_DATA_PICTURE_ARCHIVE_H

#include "data/picture_list.h"

/* Whether a file is one, as far as its start says. False where clae is built without libarchive. */
bool picture_archive_is_a(const char *path);

/* As picture_list_folder: the members that are pictures. A folder that holds all members is no part of their names. */
clae_status picture_list_archive(const clae_context *context, const char *path, picture_list *list);

typedef struct picture_archive picture_archive;
clae_status picture_archive_open(const clae_context *context, const char *path, picture_archive **archive);
/* Goes on to the next member that is a file: its place among them, from 0, and its name and size; *name is valid until
 * the next call, and NULL at the end. CLAE_ERROR_INPUT where the archive is damaged. */
clae_status picture_archive_next(picture_archive *archive, uint64_t *place, const char **name, uint64_t *bytes);
/* Reads the present member, `bytes` bytes, or fewer with *got. */
clae_status picture_archive_read(picture_archive *archive, void *data, size_t bytes, size_t *got);
void picture_archive_close(picture_archive *archive); /* takes NULL */

#endif
