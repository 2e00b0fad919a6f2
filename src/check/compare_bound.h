/* How far two devices may differ in an op. */
#ifndef CLAE_CHECK_COMPARE_BOUND_H
#define CLAE_CHECK_COMPARE_BOUND_H

#include "check/op_trial.h"
#include "ops/op_kind.h"

/* Whether sum|a||b| is found by running the op on absolute values. */
bool compare_needs_magnitudes(op_id op);

/* Replaces operands by their absolute values, except masks. */
void compare_make_absolute(const op_desc *desc, op_operands *operands);

/* What bounds are made from. `magnitudes` holds sum|a||b| in the outputs where compare_needs_magnitudes, and the
 * operands as they were before the run otherwise. It is borrowed, as are `desc` and `args`; op_values_free ends it. */
clae_status compare_values(const clae_context *context, const op_desc *desc, const op_operands *magnitudes,
                           const op_args *args, op_values *values);

/* The bound of element i of an output. */
double compare_bound(const op_values *values, int output, size_t i);

#endif
