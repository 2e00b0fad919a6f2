#include "op_harness.h"

static const dropout_desc fixed[] = {
    {3 * 24 * 24 * 32, 0.5f, 3, 24 * 24 * 32},
    {1021, 0.0f, 0, 0},
    {1, 0.25f, 1, 1},
    {15, 0.999f, 2, 3},
    {1021, 0.1f, 0xffffffff, (size_t)-7}, /* images that reach past the end of the step's stretch */
};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    if (index < 5)
        desc->dropout = fixed[index];
    else
        desc->dropout = (dropout_desc){(size_t)random_int(random, 1, 40000), (float)random_int(random, 0, 99) / 100,
                                       (uint32_t)random_int(random, 0, 99), (size_t)random_int(random, 1, 999)};
    if (quick && desc->dropout.count > 2000) desc->dropout.count = 2000;
}

/* The same elements on every device; those that stay are scaled, and powers of two exactly. */
static bool fill(op_case *c, test_random *random) {
    const dropout_desc *d = &c->desc.dropout;
    c->args.step.seed = random_bits(random);
    c->args.step.number = (uint64_t)random_int(random, 0, (1 << 30) - 1);
    c->args.step.place = (size_t)random_int(random, 0, 99);
    const double *x = case_random(c, DROPOUT_X, d->count, 1, random);
    const reference_output y = case_output(c, DROPOUT_Y, d->count, 1);
    reference_dropout(d, c->args.step.seed, c->args.step.number, c->args.step.place, x, y);
    c->operand[DROPOUT_Y].magnitude = y.magnitude;
    if (c->integers) c->operand[DROPOUT_Y].in_place = 1 + DROPOUT_X;
    return true;
}

const op_suite suite_dropout = {OP_dropout, 5, describe, fill};
