/* Decoded pictures in files of the cache: a header, the images, their labels. */
#ifndef CLAE_DATA_PICTURE_CACHE_H
#define CLAE_DATA_PICTURE_CACHE_H

#include "data/picture_list.h"
#include "data/picture_store.h"

#define PICTURE_CACHE_IMAGES_AT 8192 /* bytes before the images */

/* What a cache file must have been made from, and which one it is. */
typedef struct picture_stamp {
    uint64_t place;    /* of the path, the options and so on: one file for each */
    uint64_t contents; /* of the names, sizes and times of pictures: a file with others is replaced */
    bool skips_bad;    /* a file that lacks broken pictures will do */
} picture_stamp;

void picture_stamp_add(uint64_t *hash, const void *data, size_t bytes);
void picture_stamp_add_text(uint64_t *hash, const char *text); /* takes NULL */
/* Size and time of a file; nothing where it is not there. */
void picture_stamp_add_file(uint64_t *hash, const char *path);

/* folder/NAME-PLACE-SPLIT.images, a fresh string; NULL without memory. */
char *picture_cache_path(const char *folder, const char *source, const picture_stamp *stamp, clae_split split);

/* Images that are the decoded pictures of some entries of a list. */
typedef struct picture_images {
    size_t n, h, w, c;
    bool is_shared;     /* they are those of both splits */
    bool lacks_bad;     /* pictures that cannot be read are left out */
    uint32_t *labels;   /* of each; CLAE_NO_LABEL for none */
    char *const *names; /* of labels */
    size_t name_count;
} picture_images;

/* Maps the images of the file into *dataset; NULL where there is no such file, or none that can be used: of other
 * pictures, damaged, lacking broken ones, or not is_shared where that is asked for. CLAE_ERROR_INTERNAL without memory.
 */
clae_status picture_cache_load(clae_context *context, const char *path, const picture_stamp *stamp, bool shared_only,
                               const char *source, clae_dataset **dataset);

/* Makes a dataset of what is in the store, which is closed. A file is completed and takes its place in the cache. */
clae_status picture_cache_keep(clae_context *context, picture_store *store, const picture_stamp *stamp,
                               const picture_images *images, const char *source, clae_dataset **dataset);

#endif
