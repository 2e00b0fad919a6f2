#include "app/figures/spiral.h"

#include "base/memory.h"
#include "base/philox.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TURNS 2
#define INNER_RADIUS 0.1
#define ARC_STEPS 8192

enum { STREAM_ARC, STREAM_NOISE, STREAM_BATCHES, STREAM_CODES };

/* The point of parameter t in 0 .. 1, which is not arc length: the radius grows evenly with the angle. */
static void spiral_at(double t, double *x, double *y) {
    double angle = M_PI / 2 + 2 * M_PI * TURNS * t, radius = INNER_RADIUS + (1 - INNER_RADIUS) * t;
    *x = radius * cos(angle);
    *y = radius * sin(angle);
}

/* length[i]: from the inner end to parameter i / ARC_STEPS. */
static void measure_arc(double *length) {
    double x0, y0, x1, y1;
    spiral_at(0, &x0, &y0);
    length[0] = 0;
    for (int i = 1; i <= ARC_STEPS; i++) {
        spiral_at((double)i / ARC_STEPS, &x1, &y1);
        length[i] = length[i - 1] + hypot(x1 - x0, y1 - y0);
        x0 = x1;
        y0 = y1;
    }
}

static double parameter_at(const double *length, double share) {
    double wanted = share * length[ARC_STEPS];
    int low = 0, high = ARC_STEPS;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (length[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    return (low + (wanted - length[low]) / (length[high] - length[low])) / ARC_STEPS;
}

clae_status spiral_points_create(const clae_context *context, size_t n, double noise, uint64_t seed,
                                 spiral_points *points) {
    *points = (spiral_points){.n = n, .xy = calloc(n, 2 * sizeof(float)), .arc = calloc(n, sizeof(double))};
    double *length = malloc((ARC_STEPS + 1) * sizeof *length);
    if (!points->xy || !points->arc || !length) {
        spiral_points_free(points);
        free(length);
        return fail_memory(context, n * (2 * sizeof(float) + sizeof(double)), "points on a spiral");
    }
    measure_arc(length);
    philox_stream arc_stream = {seed, PHILOX_SPIRAL, STREAM_ARC}, noise_stream = {seed, PHILOX_SPIRAL, STREAM_NOISE};
    for (size_t i = 0; i < n; i++) {
        double x, y;
        points->arc[i] = philox_uniform(arc_stream, i);
        spiral_at(parameter_at(length, points->arc[i]), &x, &y);
        points->xy[2 * i] = (float)(x + noise * philox_normal(noise_stream, 2 * i));
        points->xy[2 * i + 1] = (float)(y + noise * philox_normal(noise_stream, 2 * i + 1));
    }
    free(length);
    return CLAE_OK;
}

void spiral_points_free(spiral_points *points) {
    free(points->xy);
    free(points->arc);
    *points = (spiral_points){0};
}

void spiral_stream(const float *xy, size_t n, const uint32_t *order, double first_share, uint64_t growing_steps,
                   uint64_t steps, size_t batch_size, uint64_t seed, float *out) {
    philox_stream stream = {seed, PHILOX_SPIRAL, STREAM_BATCHES};
    for (uint64_t step = 0; step < steps; step++) {
        double grown = step < growing_steps ? (double)step / (double)growing_steps : 1;
        size_t reached = (size_t)ceil((first_share + (1 - first_share) * grown) * (double)n);
        for (size_t i = 0; i < batch_size; i++) {
            uint64_t draw = step * batch_size + i;
            size_t place = (size_t)(philox_uniform(stream, draw) * (double)reached);
            memcpy(out + 2 * draw, xy + 2 * order[place], 2 * sizeof *out);
        }
    }
}

static int compare_floats(const void *a, const void *b) {
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

clae_status spiral_draw_codes(const clae_context *context, const float *codes, size_t n, uint64_t seed, size_t count,
                              float *drawn) {
    float *sorted = malloc(n * sizeof *sorted);
    if (!sorted) return fail_memory(context, n * sizeof *sorted, "codes");
    memcpy(sorted, codes, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_floats);
    philox_stream stream = {seed, PHILOX_SPIRAL, STREAM_CODES};
    for (size_t i = 0; i < count; i++) {
        double place = philox_uniform(stream, i) * (double)(n - 1);
        size_t below = (size_t)place, above = below + 1 < n ? below + 1 : below;
        drawn[i] = (float)(sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]));
    }
    free(sorted);
    return CLAE_OK;
}
