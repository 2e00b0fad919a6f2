/* The self-test: each kernel that a plan uses, on random numbers, with the plan's own parameters and, where that does
 * not take long, its own batch. */
#ifndef CLAE_CHECK_SELFTEST_H
#define CLAE_CHECK_SELFTEST_H

#include "graph/plan.h"

typedef struct selftest_result {
    const char *layer;
    char op[160];
    const char *impl;
    bool is_done; /* false: about to be run, so that a kernel that takes the program down is known */
    bool passed;
    double difference; /* the largest, as a share of what rounding may cause; infinite for what is not finite */
    char failure[512]; /* what the device said; "" where the op ran */
} selftest_result;

/* Gets each op twice, before and after its run. */
typedef void (*selftest_fn)(void *user, const selftest_result *result);

/* Runs each op of a prepared plan, in memory that is no more than the plan's and free again when that is allocated, or
 * in the buffers of `share`, where that is not NULL, which are overwritten. What the device passed before is not run
 * again. An implementation that cannot be run or computes wrongly is refused with one warning, on this device from now
 * on: *refused says that the plan must be prepared again, with the next implementation. CLAE_ERROR_DEVICE where there
 * is no next one, or it was forced. */
clae_status selftest_plan(const plan *plan, const struct plan *share, bool *refused);

/* Runs all ops, and refuses none. CLAE_ERROR_DEVICE when one computes wrongly or fails. */
clae_status selftest_report(const plan *plan, selftest_fn report, void *user);

#endif
