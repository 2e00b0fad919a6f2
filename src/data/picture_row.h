/* Rows of pixels with and without alpha as rows of grey or RGB. */
#ifndef CLAE_DATA_PICTURE_ROW_H
#define CLAE_DATA_PICTURE_ROW_H

#include "data/picture_decoder.h"

/* Grey by the luma of ITU-R BT.601, in the integers that libjpeg and Pillow have: round(.299 R + .587 G + .114 B). */
uint8_t picture_luma(const uint8_t rgb[3]);

/* from[w][channels]: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, which is not premultiplied; to[w][wish->c]. */
void picture_row_convert(const uint8_t *from, size_t w, size_t channels, const picture_wish *wish, uint8_t *to);

/* row[w] of CMYK becomes RGB in place, without a colour profile: each ink takes its share of the light that black
 * leaves. paper: what a channel without ink has, 0 or 255. */
void picture_row_from_cmyk(uint8_t *row, size_t w, uint8_t paper);

#endif
