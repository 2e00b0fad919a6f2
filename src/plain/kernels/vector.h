/* Vectors of floats as wide as the instruction set that this file is compiled for. */
#ifndef CLAE_PLAIN_KERNELS_VECTOR_H
#define CLAE_PLAIN_KERNELS_VECTOR_H

#include "plain/kernels/kernels.h"

#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

typedef float vector __attribute__((vector_size(4 * WIDTH)));
typedef int32_t vector_mask __attribute__((vector_size(4 * WIDTH)));
typedef vector vector_unaligned __attribute__((aligned(4), may_alias));

/* Register tiles are arrays: they stay in registers only where every loop over them is unrolled. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE vector vector_load(const float *p) {
    return *(const vector_unaligned *)p;
}
INLINE void vector_store(float *p, vector v) {
    *(vector_unaligned *)p = v;
}

/* The same past the caches where a vector is a line of them, which p is the beginning of: for memory that other threads
 * read, as a line that another core has read is slow to be written (docs/performance.md). */
INLINE void vector_stream(float *p, vector v) {
#if defined(__AVX512F__) /* VECTOR_STREAMS */
    _mm512_stream_ps(p, (__m512)v);
#else
    vector_store(p, v);
#endif
}

/* The same where p may be within a line. */
INLINE void vector_stream_line(float *p, vector v) {
    if ((uintptr_t)p % sizeof(v) == 0)
        vector_stream(p, v);
    else
        vector_store(p, v);
}

/* Whether vector_stream goes past the caches. */
#define VECTOR_STREAMS (WIDTH == LINE_FLOATS)

/* Half a vector of floats, as doubles. */
typedef float half_vector __attribute__((vector_size(2 * WIDTH)));
typedef half_vector half_vector_unaligned __attribute__((aligned(4), may_alias));
typedef double double_vector __attribute__((vector_size(4 * WIDTH)));

INLINE double_vector vector_load_doubles(const float *p) {
#if defined(__AVX512F__)
    return (double_vector)_mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined(__AVX2__)
    return (double_vector)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
    return __builtin_convertvector(*(const half_vector_unaligned *)p, double_vector);
#endif
}

INLINE void vector_store_doubles(float *p, double_vector v) {
    *(half_vector_unaligned *)p = __builtin_convertvector(v, half_vector);
}

INLINE vector vector_zero_where(vector v, vector_mask mask) {
    return (vector)((vector_mask)v & ~mask);
}

INLINE vector vector_broadcast(float x) {
    return x - (vector){0}; /* of -0 too */
}

/* a * b + c, rounded once where the instruction set can, and twice where it cannot: in every tile alike. Which products
 * a compiler would contract differs by compiler and by tile, so contraction is off. */
INLINE vector vector_fma(vector a, vector b, vector c) {
#if defined(__AVX512F__)
    return (vector)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX2__)
    return (vector)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__)
    return (vector)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
    return a * b + c;
#endif
}

/* sum[p][v] += row[v] * column[p * stride]: one step of a register tile. What there are fewer of is kept in registers.
 */
INLINE void vector_outer_product(vector (*sum)[TILE_MAX_VECTORS], const float *row, const float *column,
                                 ptrdiff_t stride, const int vectors, const int positions) {
    if (positions < vectors) {
        vector c[TILE_MAX_VECTORS];
        UNROLL
        for (int p = 0; p < positions; p++) c[p] = vector_broadcast(column[p * stride]);
        UNROLL
        for (int v = 0; v < vectors; v++) {
            const vector r = vector_load(row + v * WIDTH);
            UNROLL
            for (int p = 0; p < positions; p++) sum[p][v] = vector_fma(r, c[p], sum[p][v]);
        }
    } else {
        vector r[TILE_MAX_VECTORS];
        UNROLL
        for (int v = 0; v < vectors; v++) r[v] = vector_load(row + v * WIDTH);
        UNROLL
        for (int p = 0; p < positions; p++) {
            const vector c = vector_broadcast(column[p * stride]);
            UNROLL
            for (int v = 0; v < vectors; v++) sum[p][v] = vector_fma(r[v], c, sum[p][v]);
        }
    }
}

INLINE float vector_sum(vector v) {
    typedef float quarter __attribute__((vector_size(16)));
    quarter part[WIDTH / 4];
    memcpy(part, &v, sizeof(part));
    for (int half = WIDTH / 8; half > 0; half /= 2)
        for (int i = 0; i < half; i++) part[i] += part[i + half];
    return (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]);
}

#endif
