#include "op_harness.h"

#include "ops/image_random.h"

/* Whole factors, sizes that divide into none, and fewer pixels than before. */
static const upsample_desc fixed[] = {
    {false, 2, 14, 14, 32, 28, 28},   {true, 2, 14, 14, 32, 28, 28}, {false, 3, 7, 9, 1, 21, 18},
    {true, 3, 7, 9, 1, 21, 18},       {false, 2, 5, 7, 3, 13, 8},    {true, 2, 5, 7, 5, 13, 8},
    {false, 1, 9, 8, 4, 4, 3},        {true, 1, 9, 8, 4, 4, 3},      {true, 1, 1, 1, 64, 5, 6},
    {true, 1, 130, 150, 2, 260, 300},
};
enum { FIXED = sizeof fixed / sizeof *fixed };

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    const int longest = quick ? 6 : 20;
    upsample_desc d = {.bilinear = random_int(random, 0, 1), .n = random_int(random, 1, 3)};
    d.in_h = random_int(random, 1, longest);
    d.in_w = random_int(random, 1, longest);
    d.out_h = random_int(random, 0, 1) ? d.in_h * random_int(random, 1, 4) : random_int(random, 1, 3 * longest);
    d.out_w = random_int(random, 0, 1) ? d.in_w * random_int(random, 1, 4) : random_int(random, 1, 3 * longest);
    d.channels = image_random_channels(random, quick);
    desc->upsample = index < FIXED ? fixed[index] : d;
    if (quick && desc->upsample.in_h > 14) desc->upsample = fixed[3];
}

/* Shares are no whole numbers. */
static void bound_shares(op_case *c, int operand, reference_output output) {
    if (c->desc.upsample.bilinear) c->operand[operand].magnitude = output.magnitude;
}

static bool fill_fwd(op_case *c, test_random *random) {
    const upsample_desc *d = &c->desc.upsample;
    const double *x = case_random(c, UPSAMPLE_FWD_X, op_operand_count(&c->desc, UPSAMPLE_FWD_X), 1, random);
    const size_t count = (size_t)d->n * d->out_h * d->out_w * d->channels;
    const reference_output y = case_output(c, UPSAMPLE_FWD_Y, count, 4);
    reference_upsample_fwd(d, x, y);
    bound_shares(c, UPSAMPLE_FWD_Y, y);
    return true;
}

static bool fill_bwd(op_case *c, test_random *random) {
    const upsample_desc *d = &c->desc.upsample;
    const double *dy = case_random(c, UPSAMPLE_BWD_DY, op_operand_count(&c->desc, UPSAMPLE_BWD_DY), 1, random);
    const size_t count = (size_t)d->n * d->in_h * d->in_w * d->channels;
    const double terms = (2.0 * d->out_h / d->in_h + 1) * (2.0 * d->out_w / d->in_w + 1);
    const reference_output dx = case_output(c, UPSAMPLE_BWD_DX, count, terms);
    reference_upsample_bwd(d, dy, dx);
    bound_shares(c, UPSAMPLE_BWD_DX, dx);
    return true;
}

const op_suite suite_upsample2d_fwd = {OP_upsample2d_fwd, FIXED, describe, fill_fwd};
const op_suite suite_upsample2d_bwd = {OP_upsample2d_bwd, FIXED, describe, fill_bwd};
