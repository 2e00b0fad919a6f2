#include "op_harness.h"

/* PCA's covariance, projection and reconstruction, and single elements. */
static const gemm_desc fixed[] = {{784, 784, 37, true, false, 1, 0}, {100, 32, 784, false, true, 1, 0},
                                  {100, 784, 8, false, false, 1, 1}, {1, 1, 1, false, false, 1, 0},
                                  {1, 65, 130, false, false, 1, 0},  {65, 1, 130, true, true, 1, 0}};

static size_t random_size(test_random *random) {
    return (size_t)(random_int(random, 0, 2) ? random_int(random, 1, 70) : random_int(random, 1, 200));
}

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    gemm_desc *d = &desc->gemm;
    static const float factors[] = {0, 1, 2, -1};
    if (index < 6)
        *d = fixed[index];
    else
        *d = (gemm_desc){random_size(random),
                         random_size(random),
                         random_size(random),
                         random_int(random, 0, 1),
                         random_int(random, 0, 1),
                         factors[random_int(random, 1, 3)],
                         factors[random_int(random, 0, 3)]};
    const size_t most = quick == 2 ? 20 : quick ? 90 : 1000;
    if (d->m > most) d->m = most;
    if (d->n > most) d->n = most;
    if (d->k > most * 2) d->k = most * 2;
}

static bool fill(op_case *c, test_random *random) {
    const gemm_desc *d = &c->desc.gemm;
    const double *a = case_random(c, GEMM_A, d->m * d->k, 1, random);
    const double *b = case_random(c, GEMM_B, d->k * d->n, 1, random);
    const double *before = d->beta != 0 ? case_random(c, GEMM_C, d->m * d->n, 1, random) : NULL;
    reference_gemm(d, a, b, before, case_output(c, GEMM_C, d->m * d->n, (double)d->k + 1));
    return true;
}

const op_suite suite_gemm = {OP_gemm, 6, describe, fill};
