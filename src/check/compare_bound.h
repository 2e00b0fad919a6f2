/* How far two devices may differ in an op. */
#ifndef CLAE_CHECK_COMPARE_BOUND_H
#define CLAE_CHECK_COMPARE_BOUND_H

#include "check/op_trial.h"

/* Whether sum|a||b| is found by running the op on absolute values. */
bool compare_needs_magnitudes(op_id op);

/* Replaces operands by their absolute values, except masks. */
void compare_make_absolute(const op_desc *desc, op_operands *operands);

/* The bound of element i of an output. `magnitudes` holds sum|a||b| in the outputs where compare_needs_magnitudes,
 * and the operands as they were before the run otherwise. */
double compare_bound(const op_desc *desc, int output, const op_operands *magnitudes, const op_args *args, size_t i);

#endif
