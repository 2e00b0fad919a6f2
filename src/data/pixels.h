/* The elements of images as datasets keep them, bytes or floats, and the pixels that they stand for. */
#ifndef CLAE_DATA_PIXELS_H
#define CLAE_DATA_PIXELS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of an element. */
size_t pixels_element_bytes(bool is_float);
/* The element that is a pixel of 1.0. */
double pixels_unit(bool is_float);

/* Elements as they are, and divided by their unit. */
void pixels_to_doubles(const void *elements, bool is_float, size_t count, double *values);
void pixels_to_floats(const void *elements, bool is_float, size_t count, float *pixels);

#endif
