#include "data/half.h"

#include <math.h>
#include <string.h>

#define F16_EXPONENT_MAX 31
#define F16_EXPONENT_BIAS 15
#define F16_FRACTION_BITS 10

static float float_of_f16(uint16_t bits) {
    const int exponent = bits >> F16_FRACTION_BITS & F16_EXPONENT_MAX, fraction = bits & 0x3ff;
    const int implicit = exponent > 0 ? 1 << F16_FRACTION_BITS : 0; /* a subnormal number has none */
    const int scale = (exponent > 0 ? exponent : 1) - F16_EXPONENT_BIAS - F16_FRACTION_BITS;
    float magnitude = ldexpf((float)(implicit | fraction), scale);
    if (exponent == F16_EXPONENT_MAX) magnitude = fraction ? NAN : INFINITY;
    return copysignf(magnitude, bits >> 15 ? -1.0F : 1.0F);
}

static float float_of_bf16(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

static uint16_t bits_at(const uint8_t *bytes, size_t index) {
    return (uint16_t)(bytes[2 * index] | bytes[2 * index + 1] << 8);
}

void floats_of_f16(const uint8_t *bytes, size_t count, float *values) {
    for (size_t i = 0; i < count; i++) values[i] = float_of_f16(bits_at(bytes, i));
}

void floats_of_bf16(const uint8_t *bytes, size_t count, float *values) {
    for (size_t i = 0; i < count; i++) values[i] = float_of_bf16(bits_at(bytes, i));
}
