/* Labels of images that are arrays. */
#ifndef CLAE_DATA_ARRAY_LABELS_H
#define CLAE_DATA_ARRAY_LABELS_H

#include "data/dataset.h"

/* Gives the images of `path` (FILE, or FILE.npz:NAME) the labels of `file`: an array of integers, or a line of text for
 * each; CLAE_ERROR_INPUT where it has not as many. `file` NULL: those that are beside the images, where there are such,
 * "labels" for "images" in the file's name, or y_train for x_train in the archive; what cannot be used of these is left
 * out with a warning. */
clae_status array_labels_add(clae_context *context, const char *path, clae_split split, const char *file,
                             clae_dataset *dataset);

/* The file of labels beside that of images, to be freed; NULL where there is none. */
char *array_labels_beside(const char *path);

#endif
