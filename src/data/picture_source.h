/* The stored bytes of pictures: files, or members of an archive. */
#ifndef CLAE_DATA_PICTURE_SOURCE_H
#define CLAE_DATA_PICTURE_SOURCE_H

#include "data/picture_list.h"

typedef struct picture_source picture_source;

/* A picture that is to be read. */
typedef struct picture_task {
    size_t entry;    /* of the list */
    unsigned part;   /* the images that it becomes one of, */
    size_t place;    /* and which one */
    uint64_t member; /* the source's own */
} picture_task;

/* Puts the tasks into the order in which they can be read; the list and they must outlive the source. */
clae_status picture_source_open(const clae_context *context, const picture_list *list, picture_task *tasks,
                                size_t count, picture_source **source);
/* Makes tasks ready from number `first` on: *end is behind the last one. To be called in order; what was ready before
 * is so no more. */
clae_status picture_source_advance(picture_source *source, size_t first, size_t *end);

typedef struct picture_bytes {
    const uint8_t *data;
    size_t bytes;
    uint8_t *own; /* what is freed; NULL: the source's */
} picture_bytes;

/* The whole of a picture whose task is ready; for several threads at once, each with a context of its own for messages.
 * CLAE_ERROR_INPUT when it cannot be read. */
clae_status picture_source_read(const picture_source *source, const clae_context *context, size_t task,
                                picture_bytes *bytes);
void picture_bytes_free(picture_bytes *bytes);

void picture_source_close(picture_source *source); /* takes NULL */

#endif
