#include "op_harness.h"

static void describe(op_id op, size_t index, int quick, test_random *random, op_desc *desc) {
    (void)op;
    static const load_batch_desc fixed[] = {
        {100, 784, false, 1 / 255.0f, 0}, {3, 784, true, 1, 0}, {1, 1, false, 2, -1}, {7, 13, true, 0.5f, 3}};
    if (index < 4)
        desc->load_batch = fixed[index];
    else
        desc->load_batch =
            (load_batch_desc){random_int(random, 1, 40), random_int(random, 1, 300), random_int(random, 0, 1),
                              (float)(0.01 + random_real(random)), (float)random_real(random)};
    if (quick && desc->load_batch.n > 5) desc->load_batch.n = 5;
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

const op_suite suite_load_batch = {OP_load_batch, 4, describe, fill};
