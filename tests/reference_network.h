/* A whole model in double precision, by the reference ops. */
#ifndef CLAE_TESTS_REFERENCE_NETWORK_H
#define CLAE_TESTS_REFERENCE_NETWORK_H

#include "graph/model.h"

/* g(f(x)) of n images x[n][h][w][c], already normalised, for flat parameters laid out as the model's; to be freed. */
double *reference_network_run(const clae_model *model, const double *parameters, const double *x, int n);

#endif
