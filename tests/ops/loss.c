#include "op_harness.h"

#include <math.h>

static const size_t fixed[] = {3 * 28 * 28, 1, 2, 100 * 28 * 28, 4097};
enum { FIXED = 5 };

static void describe_loss(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
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

/* Of pixels, and of logits, which are large where the network is sure. */
static bool is_of_pixels(loss_id loss) {
    return loss == LOSS_bce;
}

static const double *draw_y(op_case *c, int operand, loss_id loss, size_t count, test_random *random) {
    return case_random(c, operand, count, is_of_pixels(loss) ? 40 : 2, random);
}

static const double *draw_target(op_case *c, int operand, loss_id loss, size_t count, test_random *random) {
    return is_of_pixels(loss) ? draw_pixels(c, operand, count, random) : case_random(c, operand, count, 1, random);
}

static bool fill_loss(op_case *c, test_random *random) {
    enum { SLOTS = 5, UNTOUCHED = 7 };
    loss_desc *d = &c->desc.loss;
    if (is_of_pixels(d->loss) && c->integers) return false;
    const size_t slot = c->args.step.slot = random_int(random, 0, SLOTS - 1);
    const double *y = draw_y(c, LOSS_Y, d->loss, d->count, random);
    const double *target = draw_target(c, LOSS_TARGET, d->loss, d->count, random);
    double losses[SLOTS];
    for (size_t i = 0; i < SLOTS; i++) losses[i] = i == slot ? NAN : UNTOUCHED;
    case_values(c, LOSS_LOSSES, SLOTS, losses);
    reference_output all = case_output(c, LOSS_LOSSES, SLOTS, (double)d->count), dy = {0};
    if (d->with_gradient) dy = case_output(c, LOSS_DY, d->count, 1);
    for (size_t i = 0; i < SLOTS; i++) all.value[i] = UNTOUCHED;
    reference_loss(d, y, target, (reference_output){all.value + slot, all.magnitude + slot}, dy);
    return true;
}

static void describe_image_loss(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    static const size_t sizes[FIXED][2] = {{3, 28 * 28}, {1, 1}, {5, 17}, {2, 4 * 64 * 64}, {100, 3}};
    (void)op;
    image_loss_desc *d = &desc->image_loss;
    const bool is_fixed = index < FIXED * LOSS_COUNT;
    d->loss = (loss_id)(index % LOSS_COUNT);
    d->n = is_fixed ? sizes[index / LOSS_COUNT][0] : (size_t)random_int(random, 1, 20);
    d->image_elements = is_fixed ? sizes[index / LOSS_COUNT][1] : (size_t)random_int(random, 1, quick ? 100 : 3000);
    if (quick && d->image_elements > 3000) d->image_elements = 3000;
}

static bool fill_image_loss(op_case *c, test_random *random) {
    const image_loss_desc *d = &c->desc.image_loss;
    const size_t count = d->n * d->image_elements;
    if (is_of_pixels(d->loss) && c->integers) return false;
    const double *y = draw_y(c, IMAGE_LOSS_Y, d->loss, count, random);
    const double *target = draw_target(c, IMAGE_LOSS_TARGET, d->loss, count, random);
    /* One term: what rounding takes from the sum is made up for. */
    reference_image_loss(d, y, target, case_output(c, IMAGE_LOSS_IMAGES, d->n, 1));
    return true;
}

const op_suite suite_loss = {OP_loss, FIXED * LOSS_COUNT, describe_loss, fill_loss};
const op_suite suite_image_loss = {OP_image_loss, FIXED * LOSS_COUNT, describe_image_loss, fill_image_loss};
