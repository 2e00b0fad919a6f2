/* Comparison of numbers that rounding may part; NaN is near nothing. */
#ifndef CLAE_TESTS_NEAR_H
#define CLAE_TESTS_NEAR_H

#include <math.h>

#define assert_near(found, expected, tolerance) assert_true(fabs((double)(found) - (double)(expected)) <= (tolerance))

#endif
