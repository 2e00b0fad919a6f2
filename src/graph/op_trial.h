/* One op on made-up data, on two devices: the self-test, and what the comparison of devices shares with it. */
#ifndef CLAE_GRAPH_OP_TRIAL_H
#define CLAE_GRAPH_OP_TRIAL_H

#include "backend.h"

/* The operands of an op in host memory. */
typedef struct op_operands {
    void *data[OP_MAX_OPERANDS]; /* NULL for those that are left out */
    size_t bytes[OP_MAX_OPERANDS];
} op_operands;

/* Small whole numbers, so that sums are exact, drawn from `stream`; v is positive. */
clae_status op_operands_draw(const clae_context *context, const op_desc *desc, uint32_t stream, op_operands *operands);
void op_operands_free(op_operands *operands);

/* Runs the op with the named implementation, or the best for NULL, on copies of the operands, outputs included, and
 * replaces the outputs by what came out. Outputs that are not inputs too are filled with NaN before. */
clae_status op_trial_run(clae_device *device, const op_desc *desc, const char *impl, op_operands *operands);

#endif
