/* Files of arrays by their names: those of a folder, as MNIST and its relatives have them. */
#ifndef CLAE_DATA_ARRAY_FILES_H
#define CLAE_DATA_ARRAY_FILES_H

#include "base/context.h"

#include <clae/dataset.h>

/* *path: the array of a split in a folder, [PREFIX-]train-images-idx3-ubyte and the like (image_format.suffixes), plain
 * or .gz, or in the folders in it where torchvision puts them, raw and MNIST/raw; a fresh string, or NULL where there
 * is none. CLAE_ERROR_INPUT where there are several, with different prefixes. */
clae_status array_find(const clae_context *context, const char *folder, clae_split split, char **path);
/* The same of FOLDER/PREFIX: the files that begin with PREFIX- in the folder. */
clae_status array_find_prefix(const clae_context *context, const char *path, clae_split split, char **found);

#endif
