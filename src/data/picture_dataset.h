/* Datasets of pictures. */
#ifndef CLAE_DATA_PICTURE_DATASET_H
#define CLAE_DATA_PICTURE_DATASET_H

#include "data/picture_faults.h"

#include <clae/dataset.h>

typedef enum picture_origin {
    PICTURES_OF_FOLDER,
    PICTURES_OF_TEXT,
    PICTURES_OF_ARCHIVE,
    PICTURES_OF_FILE
} picture_origin;

/* What a file is, by its contents and, of a list of files, by its name; false for none of them. */
bool picture_origin_of(const char *path, picture_origin *origin);

/* The pictures with their splits and labels, undecoded; the list is to be freed, whatever the status. */
clae_status picture_dataset_list(const clae_context *context, const char *path, picture_origin origin,
                                 const clae_dataset_options *options, picture_list *list);

/* Where to note which pictures turn out to be broken when they are decoded. */
typedef struct picture_findings {
    picture_faults *faults;
    size_t count; /* of the pictures of the list that the faults are of */
} picture_findings;

/* The images of a split. CLAE_ERROR_INPUT as clae_dataset_open_with says. `found` may be NULL; of images that were
 * decoded before, nothing is noted. */
clae_status picture_dataset_open(clae_context *context, const char *path, picture_origin origin, clae_split split,
                                 const clae_dataset_options *options, const picture_findings *found,
                                 clae_dataset **dataset);

#endif
