/* Datasets of pictures. */
#ifndef CLAE_DATA_PICTURE_DATASET_H
#define CLAE_DATA_PICTURE_DATASET_H

#include "data/picture_list.h"

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

/* The images of a split. CLAE_ERROR_INPUT as clae_dataset_open_with says. */
clae_status picture_dataset_open(clae_context *context, const char *path, picture_origin origin, clae_split split,
                                 const clae_dataset_options *options, clae_dataset **dataset);

#endif
