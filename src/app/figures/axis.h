/* One axis of a plot: its range, its ticks and the way from values to pixels. */
#ifndef CLAE_APP_FIGURES_AXIS_H
#define CLAE_APP_FIGURES_AXIS_H

#include <stdbool.h>
#include <stddef.h>

#define AXIS_MAX_TICKS 32
#define AXIS_LABEL_SIZE 32

typedef struct axis_tick {
    double value;
    char label[AXIS_LABEL_SIZE];
} axis_tick;

typedef struct axis {
    bool log;
    bool whole;       /* ticks at whole numbers only */
    double low, high; /* of the values shown */
    double start_pixel, end_pixel;
    axis_tick ticks[AXIS_MAX_TICKS];
    size_t tick_count;
} axis;

/* An axis that has seen no value yet. */
axis axis_empty(bool log);
/* Extends the range; what cannot be shown (not finite, or not positive on a logarithmic axis) is ignored. */
void axis_include(axis *a, double value);
bool axis_can_show(const axis *a, double value);
/* Makes the range sensible also for no or one value, and adds `margin` of its length at both ends. */
void axis_close_range(axis *a, double margin);
/* About `target` ticks at 1, 2 or 5 times a power of ten, fewer on a logarithmic axis over decades. */
void axis_choose_ticks(axis *a, double target);
double axis_pixel(const axis *a, double value);

#endif
