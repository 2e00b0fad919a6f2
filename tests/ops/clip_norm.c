#include "op_harness.h"

static const size_t fixed[] = {1, 112457, 15, 256, 70001};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    static const float limits[] = {1e-3f, 1, 1e6f};
    (void)op;
    size_t count = index < 5 ? fixed[index] : (size_t)random_int(random, 1, 5000);
    if (quick && count > 2000) count = 2000;
    desc->clip_norm = (clip_norm_desc){count, limits[index % 3]};
}

static bool fill(op_case *c, test_random *random) {
    if (c->integers) return false;
    const size_t count = c->desc.clip_norm.count;
    const double *before = case_random(c, CLIP_NORM_GRADIENTS, count, 1, random);
    reference_clip_norm(&c->desc.clip_norm, before, case_output(c, CLIP_NORM_GRADIENTS, count, (double)count),
                        case_output(c, CLIP_NORM_FACTOR, 1, (double)count));
    return true;
}

const op_suite suite_clip_norm = {OP_clip_norm, 5, describe, fill, .only_real = true};
