#include "ops/augment.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

static size_t augment_count(const op_desc *desc, int operand) {
    const augment_desc *d = &desc->augment;
    (void)operand;
    return (size_t)d->n * (size_t)d->h * (size_t)d->w * (size_t)d->channels;
}

static double augment_flops(const op_desc *desc) {
    return desc->augment.brightness > 0 ? (double)augment_count(desc, AUGMENT_Y) : 0;
}

static const op_field augment_fields[] = {OP_FIELD(INT, augment, n),
                                          OP_FIELD(INT, augment, h),
                                          OP_FIELD(INT, augment, w),
                                          OP_FIELD(INT, augment, channels),
                                          {0}};

static void augment_describe(const op_desc *desc, char *text, size_t size) {
    const augment_desc *d = &desc->augment;
    snprintf(text, size, "%dx%dx%dx%d%s%s%s shift%d brightness%g", d->n, d->h, d->w, d->channels,
             d->flip_h ? " flip_h" : "", d->flip_v ? " flip_v" : "", d->rotate ? " rotate" : "", d->shift,
             (double)d->brightness);
}

static size_t augment_images(const op_desc *desc) {
    return (size_t)desc->augment.n;
}

static void augment_set_images(op_desc *desc, size_t images) {
    desc->augment.n = (int)images;
}

static op_step augment_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.seed = 0x0123456789abcdef, .image = 1000};
}

static op_expected augment_expect(const op_values *values, int output, size_t i) {
    const augment_desc *d = &values->desc->augment;
    const size_t w = (size_t)d->w, channels = (size_t)d->channels, pixels = (size_t)d->h * w;
    const size_t image = i / (pixels * channels), pixel = i / channels % pixels, c = i % channels;
    const augment_place place = augment_place_of(d, values->step->seed, values->step->image + image);
    const size_t from = augment_source(d, &place, (int)(pixel / w), (int)(pixel % w));
    op_expected y = {0};
    (void)output;
    op_expected_add(&y, (double)op_floats(values, AUGMENT_X)[(image * pixels + from) * channels + c]);
    if (!(d->brightness > 0)) return y;
    op_expected_add(&y, (double)d->brightness * (double)place.brightness * (double)d->unit[c]);
    y.value = fmin(fmax(y.value, (double)d->least[c]), (double)d->most[c]);
    return y;
}

const op_kind op_kind_augment = {
    .name = "augment",
    .operand = {[AUGMENT_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [AUGMENT_Y] = {"y", OPERAND_OUT}},
    .count = augment_count,
    .flops = augment_flops,
    .describe = augment_describe,
    .fields = augment_fields,
    .images = augment_images,
    .set_images = augment_set_images,
    .look = LOOK_IMAGES,
    .trial_step = augment_trial_step,
    .expect = augment_expect,
};
