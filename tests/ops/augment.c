#include "op_harness.h"

#include <float.h>

static const augment_desc fixed[] = {
    {.n = 50, .h = 28, .w = 28, .channels = 1, .flip_h = true, .flip_v = true, .rotate = true, .shift = 3},
    {.n = 3, .h = 5, .w = 9, .channels = 3, .flip_h = true, .shift = 40},
    {.n = 2,
     .h = 1,
     .w = 1,
     .channels = 1,
     .rotate = true,
     .brightness = 0.5f,
     .unit = {4},
     .least = {-FLT_MAX},
     .most = {FLT_MAX}},
    {.n = 9, .h = 8, .w = 8, .channels = 1, .brightness = 1, .unit = {3.2f}, .least = {-0.4f}, .most = {2.8f}},
    {.n = 4,
     .h = 6,
     .w = 6,
     .channels = 2,
     .flip_v = true,
     .brightness = 0.3f,
     .unit = {1.5f, 4},
     .least = {-0.5f, -2},
     .most = {1, 2}}};
enum { FIXED = sizeof fixed / sizeof *fixed };

static augment_desc draw(int quick, test_random *random) {
    const int longest = quick ? 6 : 33;
    augment_desc d = {.n = random_int(random, 1, quick ? 5 : 20),
                      .h = random_int(random, 1, longest),
                      .channels = random_int(random, 0, 2) ? 2 * random_int(random, 0, 1) + 1
                                                           : random_int(random, 1, quick ? 8 : AUGMENT_MAX_CHANNELS),
                      .flip_h = random_int(random, 0, 1),
                      .flip_v = random_int(random, 0, 1),
                      .rotate = random_int(random, 0, 1),
                      .shift = random_int(random, 0, 1) * random_int(random, 0, 9)};
    const bool is_bounded = random_int(random, 0, 1);
    d.w = d.rotate ? d.h : random_int(random, 1, longest);
    d.brightness = random_int(random, 0, 1) ? 0 : (float)random_int(random, 1, 100) / 100;
    for (int c = 0; c < d.channels; c++) {
        d.unit[c] = (float)(1.01 + random_real(random));
        d.least[c] = is_bounded ? (float)random_real(random) : -FLT_MAX;
        d.most[c] = is_bounded ? d.least[c] + d.unit[c] : FLT_MAX;
    }
    return d;
}

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    desc->augment = index < FIXED ? fixed[index] : draw(quick, random);
    if (quick && desc->augment.n > 4) desc->augment.n = 4;
}

/* The numbers of images pass the places where words of the counter carry. */
static uint64_t first_image(test_random *random) {
    const uint64_t firsts[] = {0, 12345, ((uint64_t)1 << 30) - 2, ((uint64_t)1 << 32) - 1, ((uint64_t)1 << 61) + 99};
    return firsts[random_int(random, 0, 4)];
}

static bool fill(op_case *c, test_random *random) {
    const augment_desc *d = &c->desc.augment;
    const size_t count = op_operand_count(&c->desc, AUGMENT_Y);
    if (c->integers && d->brightness > 0) return false;
    c->args.step.seed = random_bits(random);
    c->args.step.image = first_image(random);
    const double *x = case_random(c, AUGMENT_X, count, 2, random);
    const reference_output y = case_output(c, AUGMENT_Y, count, 1);
    reference_augment(d, c->args.step.seed, c->args.step.image, x, y);
    if (!(d->brightness > 0)) c->operand[AUGMENT_Y].magnitude = NULL; /* pixels as they were, to the bit */
    return true;
}

const op_suite suite_augment = {OP_augment, FIXED, describe, fill};
