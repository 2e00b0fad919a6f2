#include "ops/loss.h"
#include "ops/op_kind.h"

#include <stdio.h>

#define IMAGE_LOSS_PIXELS 64 /* of each image, where output and target differ in a trial */

static size_t image_loss_count(const op_desc *desc, int operand) {
    const image_loss_desc *d = &desc->image_loss;
    return operand == IMAGE_LOSS_IMAGES ? d->n : d->n * d->image_elements;
}

static double image_loss_flops(const op_desc *desc) {
    return 3.0 * (double)desc->image_loss.n * (double)desc->image_loss.image_elements;
}

/* Rounding errors of the sum are made up for. */
static double image_loss_terms(const op_desc *desc, int output) {
    (void)desc, (void)output;
    return 1;
}

static const op_field image_loss_fields[] = {
    OP_FIELD(LOSS, image_loss, loss), OP_FIELD(SIZE, image_loss, n), OP_FIELD(SIZE, image_loss, image_elements), {0}};

static void image_loss_describe(const op_desc *desc, char *text, size_t size) {
    const image_loss_desc *d = &desc->image_loss;
    snprintf(text, size, "%s %zux%zu", loss_name(d->loss), d->n, d->image_elements);
}

static size_t image_loss_images(const op_desc *desc) {
    return desc->image_loss.n;
}

static void image_loss_set_images(op_desc *desc, size_t images) {
    desc->image_loss.n = images;
}

static op_grid image_loss_grid(const op_desc *desc) {
    return (op_grid){desc->image_loss.n, 1, desc->image_loss.image_elements, 1, IMAGE_LOSS_PIXELS};
}

static op_expected image_loss_expect(const op_values *values, int output, size_t i) {
    const image_loss_desc *d = &values->desc->image_loss;
    const float *y = op_floats(values, IMAGE_LOSS_Y) + i * d->image_elements;
    const float *target = op_floats(values, IMAGE_LOSS_TARGET) + i * d->image_elements;
    op_expected sum = {0};
    (void)output;
    for (size_t e = 0; e < d->image_elements; e++)
        op_expected_add(&sum, loss_term(d->loss, (double)y[e], (double)target[e]));
    return sum;
}

const op_kind op_kind_image_loss = {
    .name = "image_loss",
    .operand = {[IMAGE_LOSS_Y] = {"y", OPERAND_IN, DRAW_NUMBERS},
                [IMAGE_LOSS_TARGET] = {"target", OPERAND_IN, DRAW_TARGET},
                [IMAGE_LOSS_IMAGES] = {"images", OPERAND_OUT}},
    .count = image_loss_count,
    .flops = image_loss_flops,
    .terms = image_loss_terms,
    .describe = image_loss_describe,
    .fields = image_loss_fields,
    .images = image_loss_images,
    .set_images = image_loss_set_images,
    .grid = image_loss_grid,
    .expect = image_loss_expect,
};
