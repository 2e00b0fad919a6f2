/* The operands of one op of the self-test, on the device and, the same, on the host. */
#ifndef CLAE_CHECK_SELFTEST_TRIAL_H
#define CLAE_CHECK_SELFTEST_TRIAL_H

#include "backend/backend.h"
#include "check/selftest_positions.h"

/* Where an operand is among the floats of a trial. */
typedef struct selftest_place {
    size_t offset, floats; /* 0 floats: there is no such operand */
} selftest_place;

/* Memory for the trials of a plan's ops, one after the other: no more than the op that needs the most, and a little to
 * see what is written beyond the ends of outputs. */
typedef struct selftest_trial {
    clae_device *device;
    buffer *memory, *workspace;
    bool owns_memory, owns_workspace;
    float *host; /* operands as they were before the run */
    float *got;  /* what an output holds after it */
    float *numbers;
    size_t floats, got_floats, most_pixels, workspace_bytes;
    size_t fresh; /* the first floats of both sides are random numbers as they were drawn */
    /* Of the present op: */
    op_desc desc;
    selftest_place place[OP_MAX_OPERANDS];
    op_args args;
    buffer *own[OP_MAX_OPERANDS]; /* of operands that are not in `memory` */
    uint32_t *pixels;             /* that are not zero, of an operand that is mostly zero; ascending within an image */
    size_t pixel_count;
    const float **joined; /* as many: what is multiplied with each */
} selftest_trial;

/* Makes a trial large enough for an op; before it is opened. */
void selftest_trial_include(selftest_trial *trial, const op_desc *desc, size_t workspace_bytes);
/* `memory` and `workspace`, which may be NULL, are borrowed where they are large enough. */
clae_status selftest_trial_open(clae_device *device, buffer *memory, buffer *workspace, selftest_trial *trial);
void selftest_trial_close(selftest_trial *trial);

/* Gives the op random operands, NaN outputs and a NaN workspace. */
clae_status selftest_trial_begin(selftest_trial *trial, const op_desc *desc, size_t workspace_bytes);
/* One of the parts that are looked at: its first element in the output, how many there are, and where they are until
 * other parts are fetched. */
typedef struct selftest_part_got {
    size_t first, count;
    const float *got;
} selftest_part_got;
typedef struct selftest_got {
    selftest_part_got part[SELFTEST_MOST_PARTS];
    size_t count;
} selftest_got;
/* All parts of an output that are looked at, one behind the other in trial->got. */
clae_status selftest_trial_fetch(selftest_trial *trial, int operand, selftest_got *got);
/* Whether nothing was written behind the outputs. */
clae_status selftest_trial_check_ends(selftest_trial *trial, bool *untouched);

static inline const float *selftest_operand(const selftest_trial *trial, int operand) {
    return trial->host + trial->place[operand].offset;
}

#endif
