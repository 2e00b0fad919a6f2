#include "op_harness.h"

#include <math.h>

static const size_t fixed[] = {3 * 28 * 28, 1, 2, 100 * 28 * 28, 4097};

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    size_t count = index < 5 ? fixed[index] : (size_t)random_int(random, 1, 9000);
    if (quick && count > 3000) count = 3000;
    desc->loss = (loss_desc){(loss_id)(index % LOSS_COUNT), count, 1.0f, index < 5 || random_int(random, 0, 1)};
}

static bool fill(op_case *c, test_random *random) {
    enum { SLOTS = 5, UNTOUCHED = 7 };
    loss_desc *d = &c->desc.loss;
    const size_t slot = c->args.step.slot = random_int(random, 0, SLOTS - 1);
    const double *y = case_random(c, LOSS_Y, d->count, 1, random);
    const double *target = case_random(c, LOSS_TARGET, d->count, 1, random);
    double losses[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) losses[i] = i == slot ? NAN : UNTOUCHED;
    case_values(c, LOSS_LOSSES, SLOTS, losses);
    reference_output all = case_output(c, LOSS_LOSSES, SLOTS, (double)d->count), dy = {0};
    if (d->with_gradient) dy = case_output(c, LOSS_DY, d->count, 1);
    for (size_t i = 0; i < SLOTS; i++) all.value[i] = UNTOUCHED;
    reference_loss(d, y, target, (reference_output){all.value + slot, all.magnitude + slot}, dy);
    return true;
}

const op_suite suite_loss = {OP_loss, 5, describe, fill};
