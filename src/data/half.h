/* 16-bit floating-point numbers of files, little-endian, as 32-bit floats, which hold each of them exactly. */
#ifndef CLAE_DATA_HALF_H
#define CLAE_DATA_HALF_H

#include <stddef.h>
#include <stdint.h>

/* IEEE 754 binary16: 5 bits of exponent, 10 of fraction. */
void floats_of_f16(const uint8_t *bytes, size_t count, float *values);
/* bfloat16: the upper half of a 32-bit float. */
void floats_of_bf16(const uint8_t *bytes, size_t count, float *values);

#endif
