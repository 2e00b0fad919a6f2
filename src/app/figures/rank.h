/* Rank correlation. */
#ifndef CLAE_APP_FIGURES_RANK_H
#define CLAE_APP_FIGURES_RANK_H

#include "base/context.h"

#include <stddef.h>

/* Spearman's: the correlation of the ranks of n pairs, -1 .. 1; equal values share their mean rank. 0 when either side
 * has no spread. */
clae_status rank_correlation(const clae_context *context, const double *a, const double *b, size_t n, double *rho);

#endif
