#include "op_harness.h"

#define FIXED 5

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    static const load_batch_desc fixed[] = {{100, 784, 1, false, {1 / 255.0f}, {0}},
                                            {3, 784, 1, true, {1}, {0}},
                                            {1, 1, 1, false, {2}, {-1}},
                                            {7, 13, 1, true, {0.5f}, {3}},
                                            {5, 3 * 17, 3, false, {0.01f, 0.02f, 0.005f}, {-0.5f, 0, 0.25f}}};
    load_batch_desc *d = &desc->load_batch;
    if (index < FIXED) {
        *d = fixed[index];
    } else {
        const size_t channels = random_int(random, 0, 1) ? 1 : random_int(random, 2, LOAD_BATCH_MAX_CHANNELS);
        *d = (load_batch_desc){.n = random_int(random, 1, 40),
                               .image_elements = channels * random_int(random, 1, channels == 1 ? 300 : 40),
                               .channels = channels,
                               .from_float = random_int(random, 0, 1)};
        for (size_t k = 0; k < channels; k++) {
            d->scale[k] = (float)(0.01 + random_real(random));
            d->shift[k] = (float)random_real(random);
        }
    }
    if (quick && d->n > 5) d->n = 5;
}

/* More images and more indices than one batch takes; images may come twice. */
static bool fill(op_case *c, test_random *random) {
    load_batch_desc *d = &c->desc.load_batch;
    const size_t images = random_int(random, 1, 50), elements = images * d->image_elements;
    const size_t first = c->args.step.first = random_int(random, 0, 20);
    const size_t index_count = first + d->n + (size_t)random_int(random, 0, 5);
    double *values;
    if (d->from_float) {
        values = case_random(c, LOAD_BATCH_ELEMENTS, elements, 1, random);
    } else {
        uint8_t *bytes = case_memory(elements);
        values = case_memory(elements * sizeof *values);
        for (size_t i = 0; i < elements; i++) values[i] = bytes[i] = (uint8_t)random_bits(random);
        c->operand[LOAD_BATCH_ELEMENTS] = (op_operand){.count = elements, .element_bytes = 1, .before = bytes};
    }
    uint32_t *indices = case_memory(index_count * sizeof *indices);
    for (size_t i = 0; i < index_count; i++) indices[i] = (uint32_t)random_int(random, 0, (int)images - 1);
    c->operand[LOAD_BATCH_INDICES] =
        (op_operand){.count = index_count, .element_bytes = sizeof *indices, .before = indices};
    reference_output x = case_output(c, LOAD_BATCH_X, d->n * d->image_elements, 1);
    reference_load_batch(d, values, indices, first, x);
    c->operand[LOAD_BATCH_X].magnitude = x.magnitude;
    return true;
}

const op_suite suite_load_batch = {OP_load_batch, FIXED, describe, fill};
