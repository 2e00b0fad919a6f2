/* Arrays as images: (images, height, width), with channels after the images or last, of bytes, 16-bit integers or
 * floats of either order of bytes, in C or Fortran order. */
#ifndef CLAE_DATA_IMAGE_ARRAY_H
#define CLAE_DATA_IMAGE_ARRAY_H

#include "data/image_format.h"
#include "data/npy_header.h"

/* Reads the rest of a file, which is the array that the header describes: see image_format.read. */
clae_status image_array_read(const image_file *file, const npy_header *header, clae_dataset_info *shape,
                             void **elements);

#endif
