#include "op_harness.h"

#include <math.h>

/* Windows larger than images, as large, one or two places more; images of a usual size. */
static const ssim_desc fixed[] = {{2, 5, 7, 1, 0.5f, true},   {1, 11, 11, 3, 1, true},  {3, 12, 11, 2, 0.25f, true},
                                  {2, 28, 28, 1, 0.5f, true}, {2, 20, 31, 4, 1, false}, {4, 1, 1, 1, 0.25f, true}};
enum { FIXED = sizeof fixed / sizeof *fixed };

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    const int side = quick ? 16 : 40;
    (void)op;
    desc->ssim = index < FIXED ? fixed[index]
                               : (ssim_desc){.n = random_int(random, 1, 4),
                                             .h = random_int(random, 1, side),
                                             .w = random_int(random, 1, side),
                                             .channels = random_int(random, 1, 4),
                                             .scale = 0.5f,
                                             .training = random_int(random, 0, 2) > 0};
}

/* Images of pixels, some of them black or white, and outputs that are near them, equal, or others. */
static void draw(const ssim_desc *d, double *y, double *target, test_random *random) {
    const size_t image = (size_t)(d->h * d->w * d->channels);
    for (size_t i = 0; i < (size_t)d->n; i++) {
        const int kind = random_int(random, 0, 3);
        for (size_t e = i * image; e < (i + 1) * image; e++) {
            target[e] = (float)fmin(1, fmax(0, 0.5 + random_real(random)));
            y[e] = kind == 0 ? target[e] : kind < 3 ? target[e] + 0.1 * random_real(random) : random_real(random);
        }
    }
}

static bool fill(op_case *c, test_random *random) {
    enum { SLOTS = 3, UNTOUCHED = 7 };
    if (c->integers) return false;
    const ssim_desc *d = &c->desc.ssim;
    const size_t n = (size_t)d->n, elements = n * (size_t)(d->h * d->w * d->channels);
    const double taps = fmin(d->h, 11) * fmin(d->w, 11);
    double *y = case_memory(elements * sizeof *y), *target = case_memory(elements * sizeof *target);
    draw(d, y, target, random);
    y = case_values(c, SSIM_Y, elements, y);
    target = case_values(c, SSIM_TARGET, elements, target);
    reference_output images = case_output(c, SSIM_IMAGES, n, (double)elements + taps), all = {0}, dy = {0};
    const size_t slot = c->args.step.slot = (size_t)random_int(random, 0, SLOTS - 1);
    if (d->training) {
        double losses[SLOTS];
        for (size_t i = 0; i < SLOTS; i++) losses[i] = i == slot ? NAN : UNTOUCHED;
        case_values(c, SSIM_LOSSES, SLOTS, losses);
        all = case_output(c, SSIM_LOSSES, SLOTS, (double)elements + taps);
        for (size_t i = 0; i < SLOTS; i++) all.value[i] = UNTOUCHED;
        dy = case_output(c, SSIM_DY, elements, taps);
    }
    reference_ssim(d, y, target, images, (reference_output){all.value + slot, all.magnitude + slot}, dy);
    return true;
}

const op_suite suite_ssim = {OP_ssim, FIXED, describe, fill, .only_real = true};
