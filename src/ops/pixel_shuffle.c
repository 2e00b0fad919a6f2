#include "ops/op_kind.h"

#include <stdio.h>

static size_t pixel_shuffle_count(const op_desc *desc, int operand) {
    const pixel_shuffle_desc *d = &desc->pixel_shuffle;
    (void)operand;
    return (size_t)d->n * (size_t)d->h * (size_t)d->w * (size_t)d->channels * (size_t)d->factor * (size_t)d->factor;
}

static double pixel_shuffle_flops(const op_desc *desc) {
    (void)desc;
    return 0;
}

static const op_field pixel_shuffle_fields[] = {
    OP_FIELD(INT, pixel_shuffle, n),        OP_FIELD(INT, pixel_shuffle, h),      OP_FIELD(INT, pixel_shuffle, w),
    OP_FIELD(INT, pixel_shuffle, channels), OP_FIELD(INT, pixel_shuffle, factor), {0}};

static void pixel_shuffle_describe(const op_desc *desc, char *text, size_t size) {
    const pixel_shuffle_desc *d = &desc->pixel_shuffle;
    snprintf(text, size, "%dx%dx%dx%d -> %dx%dx%d", d->n, d->h, d->w, d->channels * d->factor * d->factor,
             d->h * d->factor, d->w * d->factor, d->channels);
}

static size_t pixel_shuffle_images(const op_desc *desc) {
    return (size_t)desc->pixel_shuffle.n;
}

static void pixel_shuffle_set_images(op_desc *desc, size_t images) {
    desc->pixel_shuffle.n = (int)images;
}

/* Where element i of the small image, with all its channels, is in the large one. */
static size_t pixel_shuffle_place(const pixel_shuffle_desc *d, size_t i) {
    const size_t r = (size_t)d->factor, area = r * r, c = (size_t)d->channels, w = (size_t)d->w;
    const size_t in_pixel = i % (c * area), pixel = i / (c * area);
    const size_t channel = in_pixel / area, dy = in_pixel % area / r, dx = in_pixel % r;
    return ((pixel / w * r + dy) * w * r + pixel % w * r + dx) * c + channel;
}

/* The inverse. */
static size_t pixel_shuffle_origin(const pixel_shuffle_desc *d, size_t i) {
    const size_t r = (size_t)d->factor, c = (size_t)d->channels, w = (size_t)d->w;
    const size_t channel = i % c, x = i / c % (w * r), y = i / c / (w * r);
    return (y / r * w + x / r) * c * r * r + channel * r * r + y % r * r + x % r;
}

static op_expected pixel_shuffle_fwd_expect(const op_values *values, int output, size_t i) {
    (void)output;
    const size_t from = pixel_shuffle_origin(&values->desc->pixel_shuffle, i);
    return (op_expected){.value = (double)op_floats(values, PIXEL_SHUFFLE_FWD_X)[from]};
}

static op_expected pixel_shuffle_bwd_expect(const op_values *values, int output, size_t i) {
    (void)output;
    const size_t from = pixel_shuffle_place(&values->desc->pixel_shuffle, i);
    return (op_expected){.value = (double)op_floats(values, PIXEL_SHUFFLE_BWD_DY)[from]};
}

const op_kind op_kind_pixel_shuffle_fwd = {
    .name = "pixel_shuffle_fwd",
    .operand = {[PIXEL_SHUFFLE_FWD_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [PIXEL_SHUFFLE_FWD_Y] = {"y", OPERAND_OUT}},
    .count = pixel_shuffle_count,
    .flops = pixel_shuffle_flops,
    .describe = pixel_shuffle_describe,
    .fields = pixel_shuffle_fields,
    .images = pixel_shuffle_images,
    .set_images = pixel_shuffle_set_images,
    .expect = pixel_shuffle_fwd_expect,
};

const op_kind op_kind_pixel_shuffle_bwd = {
    .name = "pixel_shuffle_bwd",
    .operand =
        {[PIXEL_SHUFFLE_BWD_DY] = {"dy", OPERAND_IN, DRAW_NUMBERS}, [PIXEL_SHUFFLE_BWD_DX] = {"dx", OPERAND_OUT}},
    .count = pixel_shuffle_count,
    .flops = pixel_shuffle_flops,
    .describe = pixel_shuffle_describe,
    .fields = pixel_shuffle_fields,
    .images = pixel_shuffle_images,
    .set_images = pixel_shuffle_set_images,
    .expect = pixel_shuffle_bwd_expect,
};
