/* Register tiles: how large they may be, and one function for each size. */
#ifndef CLAE_PLAIN_KERNELS_TILES_H
#define CLAE_PLAIN_KERNELS_TILES_H

#include "plain/kernels/kernels.h"
#include "plain/kernels/vector.h"

/* X(vectors, positions): all sizes whose accumulators, with the operands of one step, fit the registers: 32 with
 * AVX-512, 16 otherwise. */
#define TILE_SIZES_1(X, v) X(v, 1) X(v, 2) X(v, 3)
#define TILE_SIZES_2(X, v) TILE_SIZES_1(X, v) X(v, 4)
#define TILE_SIZES_3(X, v) TILE_SIZES_2(X, v) X(v, 5) X(v, 6)
#define TILE_SIZES_4(X, v) TILE_SIZES_3(X, v) X(v, 7) X(v, 8) X(v, 9) X(v, 10)
#define TILE_SIZES_5(X, v) TILE_SIZES_4(X, v) X(v, 11) X(v, 12)

#if WIDTH == 16
#define TILE_SIZES(X) TILE_SIZES_5(X, 1) TILE_SIZES_5(X, 2)
#define TILE_LIMITS                                                                                                    \
    { .width = WIDTH, .max_vectors = 2, .max_positions = {0, 12, 12}, .max_dot_positions = 10 }
#else
#define TILE_SIZES(X) TILE_SIZES_4(X, 1) TILE_SIZES_3(X, 2) TILE_SIZES_2(X, 3) TILE_SIZES_1(X, 4)
#define TILE_LIMITS                                                                                                    \
    { .width = WIDTH, .max_vectors = 4, .max_positions = {0, 10, 6, 4, 3}, .max_dot_positions = 10 }
#endif
/* X(taps, positions) */
#define TILE_DOT_SIZES(X) TILE_SIZES_4(X, 1)
#define TILE_OVERLAP_SIZES(X) TILE_SIZES_4(X, 2) TILE_SIZES_4(X, 3) TILE_SIZES_4(X, 4) TILE_SIZES_4(X, 5)

#endif
