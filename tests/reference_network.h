/* A whole model in double precision, by the reference ops: forward, loss, gradients and training. */
#ifndef CLAE_TESTS_REFERENCE_NETWORK_H
#define CLAE_TESTS_REFERENCE_NETWORK_H

#include "reference_layers.h"

/* A run of one batch: what layers keep from forward to backward. */
typedef struct reference_network reference_network;

reference_network *reference_network_create(const clae_model *model, const reference_settings *settings);
void reference_network_free(reference_network *network);

/* Images x[n][h][w][c] are already normalised; `parameters` are flat, laid out as the model's. The result is the
 * network's. */
const double *reference_network_forward(reference_network *network, double *parameters, const double *x);
/* After forward: the loss 0.5 * sum((y - x)^2) / n, and its gradients, [trained_floats]. */
double reference_network_backward(reference_network *network, double *parameters, double *gradients);
/* Whether the disturbed run could have crossed a kink that the exact run is near. */
bool reference_network_is_near_kink(const reference_network *exact, const reference_network *disturbed);

/* g(f(x)) of n images, as in training without dropout's step; to be freed. */
double *reference_network_run(const clae_model *model, const double *parameters, const double *x, int n);

#endif
