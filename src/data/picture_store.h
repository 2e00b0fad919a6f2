/* Where decoded pictures are put: a file of the cache, or memory where that cannot be written. */
#ifndef CLAE_DATA_PICTURE_STORE_H
#define CLAE_DATA_PICTURE_STORE_H

#include "base/files.h"

typedef struct picture_store {
    size_t image_bytes;
    uint64_t offset;    /* of the images in the file */
    file_builder *file; /* NULL: memory */
    uint8_t *memory;
} picture_store;

/* Room for `count` images behind `offset` bytes of a new file at `path`. */
clae_status picture_store_open_file(const clae_context *context, const char *path, uint64_t offset, size_t count,
                                    size_t image_bytes, picture_store *store);
/* CLAE_ERROR_INPUT where they are more than most of the machine's memory. */
clae_status picture_store_open_memory(const clae_context *context, size_t count, size_t image_bytes,
                                      picture_store *store);
/* False and errno on a fault; for several threads at once, of different images. */
bool picture_store_put(const picture_store *store, size_t place, const uint8_t *pixels);
/* Puts images that were put at places[0] < places[1] < ... one behind the other. False and errno on a fault. */
bool picture_store_pack(const picture_store *store, const size_t *places, size_t count);
void picture_store_close(picture_store *store);

#endif
