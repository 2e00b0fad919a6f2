#include "op_harness.h"

static const size_t fixed[] = {1, 3 * 24 * 24 * 32, 15, 16, 1021};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    desc->add.count = index < 5 ? fixed[index] : (size_t)random_int(random, 1, 5000);
    desc->add.activation = random_int(random, 0, 1) ? ACTIVATION_relu : ACTIVATION_NONE;
    if (quick && desc->add.count > 2000) desc->add.count = 2000;
}

static bool fill(op_case *c, test_random *random) {
    const size_t count = c->desc.add.count;
    const double *a = case_random(c, ADD_A, count, 1, random), *b = case_random(c, ADD_B, count, 1, random);
    reference_add(&c->desc.add, a, b, case_output(c, ADD_Y, count, 1));
    if (c->integers) c->operand[ADD_Y].in_place = true; /* the second kind of run is the one in place */
    return true;
}

const op_suite suite_add = {OP_add, 5, describe, fill};
