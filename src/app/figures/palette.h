/* Colours of plots. */
#ifndef CLAE_APP_FIGURES_PALETTE_H
#define CLAE_APP_FIGURES_PALETTE_H

#include "app/figures/canvas.h"

/* Of a series by its number: told apart also by people who do not see red and green differ. */
canvas_color palette_series(size_t index);

/* Along a scale from 0 to 1 whose lightness rises evenly; clamped. */
canvas_color palette_scale(double value);

#endif
