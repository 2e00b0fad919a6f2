#include "reference/accumulate.h"

void reference_load_batch(const load_batch_desc *d, const double *elements, const uint32_t *indices, size_t first,
                          reference_output x) {
    output_start(x, d->n * d->image_elements);
    for (size_t i = 0; i < d->n; i++) {
        for (size_t e = 0; e < d->image_elements; e++) {
            size_t element = i * d->image_elements + e;
            output_add(x, element, elements[indices[first + i] * d->image_elements + e] * d->scale[e % d->channels]);
            output_add(x, element, d->shift[e % d->channels]);
        }
    }
}
