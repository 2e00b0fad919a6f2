#include "ops/op_kind.h"

#include <stdio.h>

#define LOAD_BATCH_TRIAL_FIRST 3 /* in the order of the images */

static size_t load_batch_count(const op_desc *desc, int operand) {
    return operand == LOAD_BATCH_X ? desc->load_batch.n * desc->load_batch.image_elements : 0;
}

static double load_batch_flops(const op_desc *desc) {
    return 2.0 * (double)desc->load_batch.n * (double)desc->load_batch.image_elements;
}

static double load_batch_more_bytes(const op_desc *desc) {
    const size_t element = desc->load_batch.from_float ? sizeof(float) : 1;
    return (double)desc->load_batch.n * (double)(desc->load_batch.image_elements * element + sizeof(uint32_t));
}

static const op_field load_batch_fields[] = {OP_FIELD(SIZE, load_batch, n),
                                             OP_FIELD(SIZE, load_batch, image_elements),
                                             OP_FIELD(FLAG, load_batch, from_float),
                                             {0}};

static void load_batch_describe(const op_desc *desc, char *text, size_t size) {
    snprintf(text, size, "%zux%zu c%zu from %s", desc->load_batch.n, desc->load_batch.image_elements,
             desc->load_batch.channels, desc->load_batch.from_float ? "floats" : "bytes");
}

static size_t load_batch_images(const op_desc *desc) {
    return desc->load_batch.n;
}

static void load_batch_set_images(op_desc *desc, size_t images) {
    desc->load_batch.n = images;
}

static op_step load_batch_trial_step(const op_desc *desc) {
    (void)desc;
    return (op_step){.first = LOAD_BATCH_TRIAL_FIRST};
}

static op_expected load_batch_expect(const op_values *values, int output, size_t i) {
    const load_batch_desc *d = &values->desc->load_batch;
    const uint32_t *indices = values->data[LOAD_BATCH_INDICES];
    const uint8_t *bytes = values->data[LOAD_BATCH_ELEMENTS];
    const size_t image = indices[values->step->first + i / d->image_elements];
    const size_t from = image * d->image_elements + i % d->image_elements, channel = i % d->channels;
    op_expected x = {0};
    (void)output;
    op_expected_add(&x, (d->from_float ? (double)op_floats(values, LOAD_BATCH_ELEMENTS)[from] : bytes[from]) *
                            (double)d->scale[channel]);
    op_expected_add(&x, (double)d->shift[channel]);
    return x;
}

const op_kind op_kind_load_batch = {
    .name = "load_batch",
    .operand = {[LOAD_BATCH_ELEMENTS] = {"elements", OPERAND_IN, DRAW_ELEMENTS},
                [LOAD_BATCH_INDICES] = {"indices", OPERAND_IN, DRAW_INDICES},
                [LOAD_BATCH_X] = {"x", OPERAND_OUT}},
    .count = load_batch_count,
    .flops = load_batch_flops,
    .more_bytes = load_batch_more_bytes,
    .describe = load_batch_describe,
    .fields = load_batch_fields,
    .images = load_batch_images,
    .set_images = load_batch_set_images,
    .look = LOOK_IMAGES,
    .trial_step = load_batch_trial_step,
    .expect = load_batch_expect,
};
