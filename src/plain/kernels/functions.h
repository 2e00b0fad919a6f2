/* exp, log1p, tanh and erf for the formulas of ops/formula_float.h: sums and products alone, so that loops become
 * vectors, and bits are the same whatever the compiler and the instruction set. NaN stays NaN. Polynomials are minimax
 * ones. */
#ifndef CLAE_PLAIN_KERNELS_FUNCTIONS_H
#define CLAE_PLAIN_KERNELS_FUNCTIONS_H

#include "ops/formula_float.h"

#include <float.h>
#include <stdint.h>
#include <string.h>

/* The largest errors, in units in the last place of the result (tests/test_functions.c). */
#define PLAIN_EXP_ULP 1.5
#define PLAIN_LOG1P_ULP 2.0
#define PLAIN_TANH_ULP 3.0
#define PLAIN_ERF_ULP 1.5

static inline uint32_t float_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline float float_of_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* x, which is not negative, with the sign of another number. */
static inline float with_sign(float x, float sign) {
    return float_of_bits(float_bits(x) | (float_bits(sign) & 0x80000000u));
}

#define LN2_HIGH 0x1.62ep-1f /* a product with a whole number below 2^12 is exact */
#define LN2_LOW 3.19461849877e-5f
#define ROUNDING 0x1.8p23f /* a sum with it is rounded to a whole number, which is in the last bits */

/* x = k log(2) + r, with r between -log(2) / 2 and log(2) / 2, for |x| below 2000. */
typedef struct reduced {
    int32_t k;
    float r;
} reduced;

static inline reduced reduce_by_log2(float x) {
    const float shifted = x * 1.44269504089f + ROUNDING, n = shifted - ROUNDING;
    return (reduced){(int32_t)(float_bits(shifted) - float_bits(ROUNDING)), x - n * LN2_HIGH - n * LN2_LOW};
}

/* exp(r) - 1 of what is reduced. */
static inline float expm1_of_reduced(float r) {
    float p = 0.000198461220044f;
    p = p * r + 0.00139416190023f;
    p = p * r + 0.00833339129551f;
    p = p * r + 0.041666349268f;
    p = p * r + 0.166666663541f;
    p = p * r + 0.500000004662f;
    return r + r * r * p;
}

/* 2^k, from 2^-126 to 2^127. */
static inline float power_of_2(int32_t k) {
    return float_of_bits(((uint32_t)k + 127u) << 23);
}

static inline float plain_exp(float x) {
    const float least = -104, most = 89; /* beyond them are 0 and infinity */
    const reduced z = reduce_by_log2(x < least ? least : x > most ? most : x);
    const int32_t half = z.k >> 1;
    return (1 + expm1_of_reduced(z.r)) * power_of_2(half) * power_of_2(z.k - half);
}

/* Of numbers that are not negative. */
static inline float plain_log1p(float x) {
    const uint32_t root_of_half = 0x3f3504f3u;
    const float sum = 1 + x, lost = x < 1 ? x - (sum - 1) : 1 - (sum - x);
    const uint32_t bits = float_bits(sum) - root_of_half;
    const float k = (float)((int32_t)bits >> 23), f = float_of_bits((bits & 0x7fffffu) + root_of_half) - 1;
    float p = -0.0764459574261f;
    p = p * f + 0.127657682113f;
    p = p * f - 0.131578192951f;
    p = p * f + 0.142009790781f;
    p = p * f - 0.16623592444f;
    p = p * f + 0.200012763541f;
    p = p * f - 0.250008126734f;
    p = p * f + 0.333333307497f;
    const float small = k * LN2_LOW + lost / sum - 0.5f * f * f + f * f * f * p;
    return x <= FLT_MAX ? k * LN2_HIGH + (f + small) : x;
}

/* By e = exp(2 |x|) - 1: e / (e + 2). */
static inline float plain_tanh(float x) {
    const float size = fabsf(x), most = 10; /* 1 in floats */
    const reduced z = reduce_by_log2(2 * (size > most ? most : size));
    const float power = power_of_2(z.k), e = power * expm1_of_reduced(z.r) + (power - 1);
    return with_sign(e / (e + 2), x);
}

/* Below 1 as x times a polynomial in x^2, above as 1 - exp(-t), with t a polynomial of |x|. */
static inline float plain_erf(float x) {
    const float size = fabsf(x), most = 4; /* 1 in floats */
    const float far = size > most ? most : size, s = x * x;
    float near = 7.85386192513e-5f;
    near = near * s - 0.000801019375218f;
    near = near * s + 0.00518832769414f;
    near = near * s - 0.0268538119362f;
    near = near * s + 0.112835851485f;
    near = near * s - 0.376126258242f;
    near = near * s + 0.128379165727f;
    float t = 1.39625210812e-5f;
    t = t * far - 0.000350592865608f;
    t = t * far + 0.00375748042933f;
    t = t * far - 0.0240100767066f;
    t = t * far + 0.106530875363f;
    t = t * far + 0.63496952476f;
    t = t * far + 1.1286943385f;
    return size < 1 ? x + x * near : with_sign(1 - plain_exp(-t * far), x);
}

#define EXP(a) plain_exp((float)(a))
#define LOG1P(a) plain_log1p((float)(a))
#define TANH(a) plain_tanh(a)
#define ERF(a) plain_erf(a)

#endif
