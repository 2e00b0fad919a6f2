/* The words of the formulas that C and OpenCL share, in double precision: what kernels are checked against. */
#ifndef CLAE_OPS_FORMULA_DOUBLE_H
#define CLAE_OPS_FORMULA_DOUBLE_H

#include <math.h>

#define T double
#define NUMBER(literal) literal
#define MAD(a, b, c) ((a) * (b) + (c))
#define SUM(a, b) ((a) + (b))
#define SCALED_SQUARE(scale, a) ((scale) * (a) * (a))
#define SELECT(condition, a, b) ((condition) ? (a) : (b))
#define ABS(a) fabs(a)
#define SQRT(a) sqrt(a)
#define EXP(a) exp(a)
#define LOG1P(a) log1p(a)
#define TANH(a) tanh(a)
#define ERF(a) erf(a)
#define SIGMOID(a) (1 / (1 + EXP(-(a))))

#endif
