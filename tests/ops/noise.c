#include "op_harness.h"

static const noise_desc fixed[] = {
    {60, 784, 1, {0.3f}}, {1, 1, 1, {2}}, {7, 13, 1, {1e-3f}}, {5, 3 * 17, 3, {0.01f, 5, 0.5f}}, {2, 5000, 1, {0.1f}}};
enum { FIXED = sizeof fixed / sizeof *fixed };

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    noise_desc *d = &desc->noise;
    if (index < FIXED) {
        *d = fixed[index];
    } else {
        const size_t channels = random_int(random, 0, 1) ? 1 : random_int(random, 2, AUGMENT_MAX_CHANNELS);
        *d = (noise_desc){.n = random_int(random, 1, 20),
                          .image_elements = channels * random_int(random, 1, channels == 1 ? 1500 : 40),
                          .channels = channels};
        for (size_t k = 0; k < channels; k++) d->deviation[k] = (float)(0.01 + 1 + random_real(random));
    }
    if (quick && d->n > 3) d->n = 3;
    if (quick && d->channels == 1 && d->image_elements > 70) d->image_elements = 70;
}

/* The numbers of images pass the places where words of the counter carry. */
static bool fill(op_case *c, test_random *random) {
    const noise_desc *d = &c->desc.noise;
    const size_t count = op_operand_count(&c->desc, NOISE_Y);
    if (c->integers) return false;
    const uint64_t firsts[] = {0, 12345, ((uint64_t)1 << 30) - 2, ((uint64_t)1 << 32) - 1, ((uint64_t)1 << 61) + 99};
    c->args.step.seed = random_bits(random);
    c->args.step.image = firsts[random_int(random, 0, 4)];
    const double *x = case_random(c, NOISE_X, count, random_int(random, 0, 1), random);
    reference_noise(d, c->args.step.seed, c->args.step.image, x, case_output(c, NOISE_Y, count, 1));
    if (random_int(random, 0, 1)) c->operand[NOISE_Y].in_place = 1 + NOISE_X;
    return true;
}

const op_suite suite_noise = {OP_noise, FIXED, describe, fill, .only_real = true};
