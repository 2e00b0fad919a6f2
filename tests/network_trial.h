/* A random network with images, and what its first step must give, from the reference. */
#ifndef CLAE_TESTS_NETWORK_TRIAL_H
#define CLAE_TESTS_NETWORK_TRIAL_H

#include "graph/model.h"
#include "reference_network.h"

#include <clae/dataset.h>

#define TRIAL_NETWORKS 30
#define TRIAL_STEPS 10

typedef struct network_trial {
    clae_model *model;
    clae_dataset *images; /* whole batches, or one more that is smaller */
    size_t batch;
    uint64_t seed; /* of dropout */
    double *x;     /* all images, normalised */
    /* Of the first step: */
    double loss, loss_bound;
    double *results;    /* flat: the gradients, and the statistics that follow the step */
    double *bounds;     /* of each element, the same within a tensor */
    double *parameters; /* as the step begins, flat */
    int drawn;          /* networks that were drawn until one was found that is not near a kink */
} network_trial;

/* CLAE_TEST_SEED, or one from the clock. */
uint64_t network_seed(void);
/* The index-th network of a seed; its layers have another type for sure with each index. False where none could be drawn. */
bool network_trial_create(clae_context *context, uint64_t seed, size_t index, network_trial *trial);
void network_trial_release(network_trial *trial);

/* The x of a step; images are taken in order, and *n is how many there are. */
const double *network_trial_batch(const network_trial *trial, uint64_t step, int *n);

#endif
