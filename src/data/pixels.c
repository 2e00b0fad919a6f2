#include "data/pixels.h"

#include <stdint.h>
#include <string.h>

#define BYTE_UNIT 255

size_t pixels_element_bytes(bool is_float) {
    return is_float ? sizeof(float) : 1;
}

double pixels_unit(bool is_float) {
    return is_float ? 1 : BYTE_UNIT;
}

void pixels_to_doubles(const void *elements, bool is_float, size_t count, double *values) {
    const uint8_t *bytes = elements;
    const float *floats = elements;
    if (is_float)
        for (size_t i = 0; i < count; i++) values[i] = floats[i];
    else
        for (size_t i = 0; i < count; i++) values[i] = bytes[i];
}

void pixels_to_floats(const void *elements, bool is_float, size_t count, float *pixels) {
    const uint8_t *bytes = elements;
    if (is_float)
        memcpy(pixels, elements, count * sizeof *pixels);
    else
        for (size_t i = 0; i < count; i++) pixels[i] = (float)bytes[i] / BYTE_UNIT;
}
