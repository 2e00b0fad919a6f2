/* A whole model in double precision: the loss that a training step computes, by the reference ops. */
#ifndef CLAE_TESTS_REFERENCE_NETWORK_H
#define CLAE_TESTS_REFERENCE_NETWORK_H

#include "graph/model.h"

/* 0.5 * sum((g(f(x)) - x)^2) / n for n images x[n][h][w][c], already normalised, and flat parameters laid out as the
 * model's. */
double reference_network_loss(const clae_model *model, const double *parameters, const double *x, int n);

#endif
