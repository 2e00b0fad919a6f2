#include "op_harness.h"

#include <math.h>

static const size_t fixed[] = {3 * 28 * 28, 1, 2, 100 * 28 * 28, 4097};
enum { FIXED = 5 };

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    const bool is_fixed = index < FIXED * LOSS_COUNT;
    size_t count = is_fixed ? fixed[index / LOSS_COUNT] : (size_t)random_int(random, 1, 9000);
    if (quick && count > 3000) count = 3000;
    desc->loss = (loss_desc){(loss_id)(index % LOSS_COUNT), count, 1.0f, is_fixed || random_int(random, 0, 1)};
}

/* Pixels, black and white ones among them. */
static const double *draw_pixels(op_case *c, int operand, size_t count, test_random *random) {
    double *pixels = case_memory(count * sizeof *pixels);
    for (size_t i = 0; i < count; i++) {
        const int kind = random_int(random, 0, 3);
        pixels[i] = kind < 2 ? kind : fabs(random_real(random));
    }
    return case_values(c, operand, count, pixels);
}

static bool fill(op_case *c, test_random *random) {
    enum { SLOTS = 5, UNTOUCHED = 7 };
    loss_desc *d = &c->desc.loss;
    const bool of_pixels = d->loss == LOSS_bce; /* and of logits, which are large where the network is sure */
    if (of_pixels && c->integers) return false;
    const size_t slot = c->args.step.slot = random_int(random, 0, SLOTS - 1);
    const double *y = case_random(c, LOSS_Y, d->count, of_pixels ? 40 : 2, random);
    const double *target = of_pixels ? draw_pixels(c, LOSS_TARGET, d->count, random)
                                     : case_random(c, LOSS_TARGET, d->count, 1, random);
    double losses[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) losses[i] = i == slot ? NAN : UNTOUCHED;
    case_values(c, LOSS_LOSSES, SLOTS, losses);
    reference_output all = case_output(c, LOSS_LOSSES, SLOTS, (double)d->count), dy = {0};
    if (d->with_gradient) dy = case_output(c, LOSS_DY, d->count, 1);
    for (size_t i = 0; i < SLOTS; i++) all.value[i] = UNTOUCHED;
    reference_loss(d, y, target, (reference_output){all.value + slot, all.magnitude + slot}, dy);
    return true;
}

const op_suite suite_loss = {OP_loss, FIXED * LOSS_COUNT, describe, fill};
