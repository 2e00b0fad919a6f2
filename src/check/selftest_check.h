/* Whether an op's outputs are what its definition (ops/op.h) says, in double precision, as far as they are looked at.
 */
#ifndef CLAE_CHECK_SELFTEST_CHECK_H
#define CLAE_CHECK_SELFTEST_CHECK_H

#include "check/selftest_trial.h"

/* The worst of what has been looked at. Rounding may move a sum of K terms by eps (8 + sqrt(K)) sum|a||b|; where an
 * implementation mixes elements, by `mixing` times that of the largest sum; and TF32 by a share of sum|a||b|. */
typedef struct selftest_check {
    selftest_trial *trial;
    double mixing, products;
    /* Of the present output: */
    double factor; /* of sum|a||b|, in its bound */
    bool is_mixed;
    double worst, largest_error, largest_bound; /* the former as a share of its bound */
} selftest_check;

/* Looks at all outputs of the trial after a run by `instance`; *worst is the largest error as a share of what rounding
 * may cause, infinite for what is not finite or was written outside. */
clae_status selftest_check_outputs(selftest_trial *trial, const op_instance *instance, double *worst);

/* Compares one element. `magnitude` is sum|a||b|. */
void selftest_check_element(selftest_check *check, float got, double value, double magnitude);

/* The checks of an op's operand; those of convolutions are in a file of their own. */
clae_status selftest_check_conv(selftest_check *check, int operand);
clae_status selftest_check_wgrad(selftest_check *check, int operand);

#endif
