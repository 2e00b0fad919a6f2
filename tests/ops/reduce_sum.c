#include "op_harness.h"

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    static const reduce_sum_desc fixed[] = {{3 * 24 * 24, 32}, {500, 784}, {1, 1}, {1, 77}, {10007, 1}, {3, 800}};
    if (index < 6)
        desc->reduce_sum = fixed[index];
    else
        desc->reduce_sum = (reduce_sum_desc){random_int(random, 1, 800), random_int(random, 1, 70)};
    if (quick && desc->reduce_sum.rows > 300) desc->reduce_sum.rows = 300;
    if (quick && desc->reduce_sum.columns > 100) desc->reduce_sum.columns = 100;
}

static bool fill(op_case *c, test_random *random) {
    const reduce_sum_desc *d = &c->desc.reduce_sum;
    const double *x = case_random(c, REDUCE_SUM_X, d->rows * d->columns, 1, random);
    reference_reduce_sum(d, x, case_output(c, REDUCE_SUM_Y, d->columns, (double)d->rows));
    return true;
}

const op_suite suite_reduce_sum = {OP_reduce_sum, 6, describe, fill};
