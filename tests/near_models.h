/* Models that differ by rounding. */
#ifndef CLAE_TESTS_NEAR_MODELS_H
#define CLAE_TESTS_NEAR_MODELS_H

#include "graph/model.h"
#include "near.h"

#include <math.h>

/* Parameters differ by `tolerance` times the largest of b at most. */
static inline void assert_near_models(const clae_model *a, const clae_model *b, double tolerance) {
    double largest = 0;
    for (size_t i = 0; i < b->parameter_floats; i++) largest = fmax(largest, fabs((double)b->parameters[i]));
    for (size_t i = 0; i < b->parameter_floats; i++)
        assert_near(a->parameters[i], b->parameters[i], tolerance * largest);
}

#endif
