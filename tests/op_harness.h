/* Runs every implementation of every op of one device against the reference.
 *
 * A suite (one file in tests/ops for each stem) gives descriptors and, for each, a case: what the operands hold before
 * the run, and what they must hold after it. The harness places the operands between guard bands, runs, and compares.
 */
#ifndef CLAE_TESTS_OP_HARNESS_H
#define CLAE_TESTS_OP_HARNESS_H

#include "backend/backend.h"
#include "reference/reference.h"
#include "test_random.h"

/* What one operand holds. `before` NULL: all NaN. `expected` NULL: as before, to the bit. */
typedef struct op_operand {
    size_t count;         /* 0: the op is run without it */
    size_t element_bytes; /* 4, or 1 for load_batch's bytes */
    void *before;
    double *expected;
    double *magnitude; /* NULL: the result must be exact */
    double terms;      /* K of the error bound */
    int in_place;      /* 1 + an operand before it, whose memory it shares; 0: it has its own */
} op_operand;

typedef struct op_case {
    op_desc desc;
    bool integers; /* data are small integers, so that every correct sum is exact */
    op_args args;  /* the op's own arguments; views are set by the harness */
    op_operand operand[OP_MAX_OPERANDS];
} op_case;

typedef struct op_suite {
    op_id op;
    size_t fixed_count; /* descriptors that are tried in every run */
    /* The descriptor of a fixed case (index < fixed_count), or a random one. `quick` asks for small ones, 2 for the
     * smallest. */
    void (*describe)(op_id op, size_t index, int quick, test_random *random, op_desc *desc);
    /* Fills the case for case->desc and case->integers. False when the op has no such case. */
    bool (*fill)(op_case *c, test_random *random);
    bool only_real; /* it has no case of integers, as its results would not be exact */
} op_suite;

/* One for each op, in the order of op_id. */
extern const op_suite *const op_suites[OP_COUNT];
extern const op_suite suite_conv2d_fwd, suite_conv2d_bwd_data, suite_conv2d_bwd_weights;
extern const op_suite suite_conv_transpose2d_fwd, suite_conv_transpose2d_bwd_data, suite_conv_transpose2d_bwd_weights;
extern const op_suite suite_conv_chain_fwd, suite_conv_chain_bwd_data;
extern const op_suite suite_activation_fwd, suite_activation_bwd, suite_add, suite_bias, suite_loss, suite_ssim,
    suite_update, suite_clip_norm, suite_mix;
extern const op_suite suite_prelu_fwd, suite_prelu_bwd, suite_dropout, suite_load_batch, suite_augment, suite_noise;
extern const op_suite suite_pool2d_fwd, suite_pool2d_bwd;
extern const op_suite suite_upsample2d_fwd, suite_upsample2d_bwd;
extern const op_suite suite_pixel_shuffle_fwd, suite_pixel_shuffle_bwd;
extern const op_suite suite_reduce_sum, suite_gemm;
extern const op_suite suite_batch_norm_train_fwd, suite_batch_norm_eval_fwd, suite_batch_norm_bwd;
extern const op_suite suite_group_norm_fwd, suite_group_norm_bwd;

/* For suites: allocates an operand's contents before the run and fills them with random values of the case's kind;
 * returns a copy in double precision, owned by the case too. `scale` multiplies real values. */
double *case_random(op_case *c, int operand, size_t count, double scale, test_random *random);
/* The same with given values. */
double *case_values(op_case *c, int operand, size_t count, const double *values);
/* Declares an output of `count` elements, zeroed results for the reference to fill; NaN before the run unless
 * case_random or case_values has been called. Exact when the case is of integers. */
reference_output case_output(op_case *c, int operand, size_t count, double terms);
/* Memory that lives as long as the case, until case_release. */
void *case_memory(size_t bytes);
void case_release(void);

/* The settings of a run, from the environment:
 *   CLAE_TEST_DEVICE  as --device; default "c"
 *   CLAE_TEST_SEED    repeats a run; default: from the clock
 *   CLAE_TEST_SHAPES  random descriptors for each op; default 40
 *   CLAE_TEST_EVERY   4: implementations that the device would not choose are tried on every fourth descriptor only
 *                     (the seed says which), for devices that compile slowly; default 1
 *   CLAE_TEST_QUICK   1: small shapes only, and few; 2: for emulators, the smallest, whole numbers only, run once
 *   CLAE_TEST_PRECISION  "tf32": products may be made of floats rounded to TF32
 *   CLAE_TEST_MMA     "MFMA", "DPAS", "DPAS-BF16": the unit whose layout the stand-in has; default "PTX"
 *   CLAE_TEST_POOR    set: a device that some implementations cannot be prepared for
 *   CLAE_TEST_CUT     set: each case runs with launches of one work-group too: same bits */
typedef struct op_settings {
    const char *device, *mma;
    uint64_t seed;
    size_t shapes, every;
    int quick;
    bool poor, tf32, cut;
} op_settings;
op_settings op_settings_read(void);

typedef struct op_harness {
    op_settings settings;
    clae_context *context, *other_context;
    clae_device *device;
    clae_device *other_device; /* for the second run: plain C with another number of threads, otherwise the same */
    double call_flops;         /* of the device, as it was opened */
    char last_error[512];      /* what the library logged last */
} op_harness;

/* CLAE_ERROR_DEVICE when the device is not there. */
clae_status op_harness_open(op_harness *harness);
void op_harness_close(op_harness *harness);

/* Runs all cases of one implementation; fails the current cmocka test at the first wrong result. */
void op_harness_check(op_harness *harness, const op_suite *suite, const op_impl *impl);

#endif
