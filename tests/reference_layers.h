/* Each layer type in double precision, forward and backward, by the reference ops. */
#ifndef CLAE_TESTS_REFERENCE_LAYERS_H
#define CLAE_TESTS_REFERENCE_LAYERS_H

#include "graph/model.h"
#include "reference/reference.h"
#include "test_random.h"

/* How a network is run. */
typedef struct reference_settings {
    int n;                 /* images */
    bool training;         /* statistics of the batch, which the running ones follow, and dropout */
    uint64_t seed, number; /* of dropout: the training's and the step's */
    test_random *noise;    /* not NULL: every result of an op is off by the bound of its rounding error, up or down */
} reference_settings;

/* A layer in a run. Arrays are the caller's, [n][h][w][c] each. */
typedef struct layer_run {
    const layer *layer;
    const reference_settings *settings;
    double *parameters, *gradients; /* of the whole model; running statistics are changed in training */
    const double *x, *skip;         /* skip: the other input of residual */
    double *y;
    double *mean, *inv_std; /* of norms: for all sets that share them, at least max(1, n) * channels numbers */
    const double *dy;       /* backward */
    double *dx;
} layer_run;

void reference_layer_forward(layer_run *run);
/* Fills dx and the gradients of the layer's parameters. */
void reference_layer_backward(layer_run *run);
/* Whether `layer` has a derivative that jumps, and one of its inputs is so near to the jump that an error as large as
 * that between x and `other` could take it across. */
bool reference_layer_is_near_kink(const layer *layer, int n, const double *x, const double *other);

/* Changes an output by the bound of its error, at random up or down; terms as in the bound of the op tests. `mixed`:
 * Winograd's algorithm may be taken. */
void reference_disturb(const reference_settings *settings, reference_output output, size_t count, double terms,
                       bool mixed);

#endif
