/* The words of the formulas that C and OpenCL share (activations.def, losses.def, optimisers.def), for floats. T is the
 * type; cl/formula.cl has the same words for vectors. MAD(a, b, c) is a * b + c, rounded as the backend does it; SUM(a, b)
 * is a + b where the two may cancel: the bound on rounding errors then has |a| + |b|. NUMBER(0.1) is one that is not whole.
 * EXP, LOG1P, TANH and ERF are in plain/kernels/functions.h. */
#ifndef CLAE_OPS_FORMULA_FLOAT_H
#define CLAE_OPS_FORMULA_FLOAT_H

#include <math.h>

#define T float
#define NUMBER(literal) literal##f
#define MAD(a, b, c) ((a) * (b) + (c))
#define SUM(a, b) ((a) + (b))
#define SCALED_SQUARE(scale, a) ((scale) * ((a) * (a)))
#define SELECT(condition, a, b) ((condition) ? (a) : (b))
#define ABS(a) _Generic((a), double: fabs, default: fabsf)(a)
#define SQRT(a) sqrtf(a)
#define SIGMOID(a) (1 / (1 + EXP(-(a))))

#endif
