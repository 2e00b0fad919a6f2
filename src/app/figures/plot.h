/* Plots with axes: lines and points. */
#ifndef CLAE_APP_FIGURES_PLOT_H
#define CLAE_APP_FIGURES_PLOT_H

#include "base/context.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct plot_series {
    const char *label; /* in the legend; NULL: not listed */
    const double *x, *y;
    size_t count;
    bool points;       /* otherwise a line */
    const double *hue; /* 0 .. 1 for each point: colours along a scale; NULL: the series' own colour */
} plot_series;

typedef struct plot_style {
    const char *title, *x_label, *y_label; /* NULL: none */
    bool log_y;
    bool whole_x;      /* x counts something */
    bool equal_scales; /* one unit is as long on both axes */
    bool no_y_axis;    /* points on a line */
} plot_style;

clae_status plot_write(const clae_context *context, const char *path, const plot_style *style,
                       const plot_series *series, size_t series_count);

#endif
