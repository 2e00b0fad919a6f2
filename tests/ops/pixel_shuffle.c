#include "op_harness.h"

#include "ops/image_random.h"

static const pixel_shuffle_desc fixed[] = {
    {2, 14, 14, 1, 2}, {3, 7, 7, 16, 2}, {1, 5, 6, 3, 3}, {2, 1, 1, 5, 4}, {1, 3, 4, 2, 1}};
enum { FIXED = sizeof fixed / sizeof *fixed };

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    const int longest = quick ? 5 : 15;
    const pixel_shuffle_desc d = {.n = random_int(random, 1, 3),
                                  .h = random_int(random, 1, longest),
                                  .w = random_int(random, 1, longest),
                                  .channels = image_random_channels(random, quick),
                                  .factor = random_int(random, 1, 4)};
    desc->pixel_shuffle = index < FIXED ? fixed[index] : d;
}

static bool fill_fwd(op_case *c, test_random *random) {
    const size_t count = op_operand_count(&c->desc, PIXEL_SHUFFLE_FWD_X);
    const double *x = case_random(c, PIXEL_SHUFFLE_FWD_X, count, 1, random);
    reference_pixel_shuffle_fwd(&c->desc.pixel_shuffle, x, case_output(c, PIXEL_SHUFFLE_FWD_Y, count, 0).value);
    c->operand[PIXEL_SHUFFLE_FWD_Y].magnitude = NULL;
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const size_t count = op_operand_count(&c->desc, PIXEL_SHUFFLE_BWD_DY);
    const double *dy = case_random(c, PIXEL_SHUFFLE_BWD_DY, count, 1, random);
    reference_pixel_shuffle_bwd(&c->desc.pixel_shuffle, dy, case_output(c, PIXEL_SHUFFLE_BWD_DX, count, 0).value);
    c->operand[PIXEL_SHUFFLE_BWD_DX].magnitude = NULL;
    return true;
}

const op_suite suite_pixel_shuffle_fwd = {OP_pixel_shuffle_fwd, FIXED, describe, fill_fwd};
const op_suite suite_pixel_shuffle_bwd = {OP_pixel_shuffle_bwd, FIXED, describe, fill_bwd};
