/* Labels as arrays of integers: one for each image. */
#ifndef CLAE_DATA_LABEL_ARRAY_H
#define CLAE_DATA_LABEL_ARRAY_H

#include "data/image_format.h"
#include "data/npy_header.h"

/* Reads the rest of a file, which is the array that the header describes: of rank 1, or the first column of at most
 * most_columns. Labels that are negative or too large are none. CLAE_ERROR_INPUT where there are not n of them. */
clae_status label_array_read(const image_file *file, const npy_header *header, size_t n, size_t most_columns,
                             dataset_labels *labels);

#endif
