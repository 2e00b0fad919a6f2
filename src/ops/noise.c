#include "ops/noise.h"
#include "ops/op_kind.h"

#include <stdio.h>

static size_t noise_count(const op_desc *desc, int operand) {
    (void)operand;
    return desc->noise.n * desc->noise.image_elements;
}

static double noise_flops(const op_desc *desc) {
    return 2.0 * (double)noise_count(desc, NOISE_Y);
}

static const op_field noise_fields[] = {
    OP_FIELD(SIZE, noise, n), OP_FIELD(SIZE, noise, image_elements), OP_FIELD(SIZE, noise, channels), {0}};

static void noise_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zux%zu c%zu", desc->noise.n, desc->noise.image_elements, desc->noise.channels);
}

static size_t noise_images(const op_desc *desc) {
    return desc->noise.n;
}

static void noise_set_images(op_desc *desc, size_t images) {
    desc->noise.n = images;
}

static op_step noise_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.seed = 0x0123456789abcdef, .image = 1000};
}

static op_expected noise_expect(const op_values *values, int output, size_t i) {
    const noise_desc *d = &values->desc->noise;
    const uint64_t image = values->step->image + i / d->image_elements, e = i % d->image_elements;
    op_expected y = {0};
    (void)output;
    op_expected_add(&y, (double)op_floats(values, NOISE_X)[i]);
    op_expected_add(&y, (double)d->deviation[e % d->channels] *
                            philox_normal(noise_stream(values->step->seed, image), noise_index(image, e)));
    return y;
}

const op_kind op_kind_noise = {
    .name = "noise",
    .operand = {[NOISE_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [NOISE_Y] = {"y", OPERAND_OUT}},
    .count = noise_count,
    .flops = noise_flops,
    .describe = noise_describe,
    .fields = noise_fields,
    .images = noise_images,
    .set_images = noise_set_images,
    .look = LOOK_IMAGES,
    .trial_step = noise_trial_step,
    .expect = noise_expect,
};
