/* The same training on two devices: each op on the same operands, then the losses of both. */
#ifndef CLAE_APP_MEASURE_COMPARE_H
#define CLAE_APP_MEASURE_COMPARE_H

#include <clae/train.h>

/* One op of the training step: both devices got the operands of the first. The bound is eps (8 + sqrt(K)) sum|a||b| per
 * element, K terms of a sum, twice for two roundings; more where Winograd mixes elements (op_impl.mixing), or products
 * are of TF32. */
typedef struct compare_op {
    const char *layer; /* owned by the model */
    char op[160];
    char impl[2][32];
    double difference;   /* largest absolute one, of all steps */
    double share;        /* largest share of the bound */
    uint64_t worst_step; /* where that was, from 1 */
    bool passed;
} compare_op;

/* A loss of the training on both devices. Training amplifies rounding: the bound is four times what the first device's
 * loss changes by, at most so far, when each weight it starts from is moved by up to 2e-6 of it, 32 roundings; and at
 * least 2e-6, after step 10 1e-4, after step 25 1e-3, after step 50 1e-2. Differences and bounds are relative. */
typedef struct compare_loss {
    float loss[2];
    double difference;
    double rounding; /* what moving the weights has changed */
    double bound;
    bool passed;
} compare_loss;

typedef struct compare_result {
    compare_op *ops;
    size_t op_count;
    compare_loss *losses; /* one for each step */
    size_t loss_count;
    const compare_op *first_broken; /* in order of execution; NULL: none */
    bool passed;
} compare_result;

typedef struct compare_options {
    const clae_settings *settings[2]; /* of the training on each device; they may differ in numerics alone */
    uint64_t steps;                   /* whose losses are compared */
    uint64_t op_steps;                /* whose ops are compared, from the first */
} compare_options;

/* Both devices start from the weights of `model`. CLAE_OK also when the comparison fails: see result->passed. */
clae_status compare_run(clae_device *const devices[2], clae_model *model, const clae_dataset *dataset,
                        const compare_options *options, compare_result *result);
void compare_free(compare_result *result);

#endif
