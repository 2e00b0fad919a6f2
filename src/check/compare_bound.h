/* How far two devices may differ in an op. */
#ifndef CLAE_CHECK_COMPARE_BOUND_H
#define CLAE_CHECK_COMPARE_BOUND_H

#include "check/op_trial.h"

/* Terms in the sum behind one element of an output. */
double compare_terms(const op_desc *desc, int output);

/* Whether outputs are sums of products, whose bound needs sum|a||b|: the op on absolute values. */
bool compare_is_sum(op_id op);

/* Replaces operands by their absolute values, except masks. */
void compare_make_absolute(const op_desc *desc, op_operands *operands);

/* The bound of element i of an output. `magnitudes` holds sum|a||b| in the outputs of sums, and the operands as they
 * were before the run elsewhere. */
double compare_bound(const op_desc *desc, int output, const op_operands *magnitudes, const op_args *args, size_t i);

#endif
