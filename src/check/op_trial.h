/* One op on made-up data, on two devices: what tuning tries implementations by. */
#ifndef CLAE_CHECK_OP_TRIAL_H
#define CLAE_CHECK_OP_TRIAL_H

#include "backend/backend.h"

/* The operands of an op in host memory. */
typedef struct op_operands {
    void *data[OP_MAX_OPERANDS]; /* NULL for those that are left out */
    size_t bytes[OP_MAX_OPERANDS];
} op_operands;

/* Small whole numbers, so that sums are exact, drawn from `stream`; v is positive. */
clae_status op_operands_draw(const clae_context *context, const op_desc *desc, uint32_t stream, op_operands *operands);
void op_operands_free(op_operands *operands);

/* An op's operands on a device. */
typedef struct op_trial {
    clae_device *device;
    op_desc desc;
    op_args args;
} op_trial;

/* Copies the operands to the device. Close it even when this fails. */
clae_status op_trial_open(clae_device *device, const op_desc *desc, op_operands *operands, op_trial *trial);
/* Makes a workspace for the instance, and fills outputs that are not inputs too with NaN, on both sides. */
clae_status op_trial_attach(op_trial *trial, const op_instance *instance, op_operands *operands);
/* Replaces the outputs among the operands by those on the device. */
clae_status op_trial_fetch(const op_trial *trial, op_operands *operands);
void op_trial_close(op_trial *trial);

/* The largest difference of two sets of outputs, as a share of the largest value of `answer`; infinite for what is not
 * finite. */
double op_outputs_difference(const op_desc *desc, const op_operands *got, const op_operands *answer);

/* Runs the op on copies of the operands, outputs included, and
 * replaces the outputs by what came out. Outputs that are not inputs too are filled with NaN before. */
clae_status op_trial_run(clae_device *device, const op_desc *desc, const op_choice *choice, op_operands *operands);
/* The same by the simplest implementation that a device has. */
clae_status op_trial_judge(clae_device *judge, const op_desc *desc, op_operands *operands);

/* What differs by more computes wrongly. */
#define OP_TRIAL_TOLERANCE 1e-4

#endif
