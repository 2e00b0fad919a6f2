/* Identities between the ops of a device that need no reference:
 *   <conv2d(x), y> = <x, conv2d_bwd_data(y)> = <x, conv_transpose2d(y)> = <weight, conv2d_bwd_weights(x, y)>
 * and the same with the transposed convolution's gradients. */
#ifndef CLAE_TESTS_TEST_ADJOINT_H
#define CLAE_TESTS_TEST_ADJOINT_H

#include "op_harness.h"

void adjoint_check(op_harness *harness);

#endif
