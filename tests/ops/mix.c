#include "op_harness.h"

static const size_t fixed[] = {1, 112457, 15, 16, 1021};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    desc->mix.count = index < 5 ? fixed[index] : (size_t)random_int(random, 1, 5000);
    if (quick && desc->mix.count > 2000) desc->mix.count = 2000;
}

static bool fill(op_case *c, test_random *random) {
    const size_t count = c->desc.mix.count;
    const double keep = c->integers ? 2 : random_int(random, 0, 100) / 128.0, more = c->integers ? 3 : 1 - keep;
    c->args.step.keep = (float)keep;
    c->args.step.more = (float)more;
    const double *x = case_random(c, MIX_X, count, 1, random), *y = case_random(c, MIX_Y, count, 1, random);
    reference_mix(&c->desc.mix, keep, more, x, y, case_output(c, MIX_Y, count, 1));
    return true;
}

const op_suite suite_mix = {OP_mix, 5, describe, fill};
