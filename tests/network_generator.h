/* Random networks over all layer types: images of 9x7 to 130x67 pixels with 1 to 5 channels, an encoder, and a decoder
 * that gives the image's shape back, small enough for a reference in double precision. */
#ifndef CLAE_TESTS_NETWORK_GENERATOR_H
#define CLAE_TESTS_NETWORK_GENERATOR_H

#include "graph/model.h"
#include "test_random.h"

/* A model of random layers and weights; `first` is a type that it has. `least_batch` is the smallest batch in which all
 * of its layers may be trained. NULL where many tries gave none that can be built. */
clae_model *network_generate(clae_context *context, test_random *random, const layer_type *first, size_t least_batch);

#endif
