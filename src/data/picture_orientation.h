/* EXIF's orientation: which of the eight ways a picture is to be turned to stand upright. */
#ifndef CLAE_DATA_PICTURE_ORIENTATION_H
#define CLAE_DATA_PICTURE_ORIENTATION_H

#include "data/picture_decoder.h"

/* Of EXIF data from their "II" or "MM" on; 1, upright, where they do not say it or are damaged. */
unsigned picture_orientation_read(const uint8_t *exif, size_t bytes);

/* Whether height and width change places. */
bool picture_orientation_swaps(unsigned orientation);

/* Puts the raster upright; its pixels move to another block where they move at all. */
clae_status picture_orientation_apply(const picture_file *file, unsigned orientation, picture_raster *raster);

#endif
