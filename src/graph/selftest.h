/* The self-test: each kernel that a plan uses, on a known answer. */
#ifndef CLAE_GRAPH_SELFTEST_H
#define CLAE_GRAPH_SELFTEST_H

#include "graph/plan.h"

typedef struct selftest_result {
    const char *layer;
    char op[160];
    const char *impl;
    double difference; /* largest, as a share of the largest value of the answer; infinite for what is not finite */
    bool passed;
} selftest_result;

typedef void (*selftest_fn)(void *user, const selftest_result *result);

/* Runs each op of the plan on few images and compares with the simplest implementation of plain C. What the device
 * passed before is not run again, unless `report` wants to see all. CLAE_ERROR_DEVICE when one computes wrongly. */
clae_status selftest_plan(const plan *plan, selftest_fn report, void *user);

#endif
