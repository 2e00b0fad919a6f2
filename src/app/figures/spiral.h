/* The toy: noisy points around a spiral of two turns in the plane, and what it takes to unroll it. */
#ifndef CLAE_APP_FIGURES_SPIRAL_H
#define CLAE_APP_FIGURES_SPIRAL_H

#include "base/context.h"

#include <stddef.h>
#include <stdint.h>

typedef struct spiral_points {
    size_t n;
    float *xy;   /* [n][2] */
    double *arc; /* where on the spiral, 0 .. 1 by arc length, a point is from: to judge codes, never to train */
} spiral_points;

/* Points uniform in arc length on a spiral of outer radius 1, with Gaussian noise of that deviation in x and y. */
clae_status spiral_points_create(const clae_context *context, size_t n, double noise, uint64_t seed,
                                 spiral_points *points);
void spiral_points_free(spiral_points *points);

/* The order of n points [n][2] along a curve, found from the points alone: by distance on their minimum spanning tree
 * from an end of its longest path. Its edges never jump from one turn of a spiral to the next as long as the gap
 * between turns is wider than the gaps along them. */
clae_status spiral_order(const clae_context *context, const float *xy, size_t n, uint32_t *order);

/* Batches for training, one after the other: out[steps * batch_size][2] are points drawn at random from the first
 * points of `order`, from `first_share` of them at the beginning up to all of them after `growing_steps`. */
void spiral_stream(const float *xy, size_t n, const uint32_t *order, double first_share, uint64_t growing_steps,
                   uint64_t steps, size_t batch_size, uint64_t seed, float *out);

/* Draws codes from the distribution of n given ones: uniform between neighbours in their order. */
clae_status spiral_draw_codes(const clae_context *context, const float *codes, size_t n, uint64_t seed, size_t count,
                              float *drawn);

#endif
