/* Dropout, by the generator as it was published, with the counter that the op states. */
#include "base/philox.h"
#include "reference/accumulate.h"

void reference_dropout(const dropout_desc *d, uint64_t seed, uint64_t number, uint64_t place, const double *x,
                       reference_output y) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    output_start(y, d->count);
    for (size_t i = 0; i < d->count; i++) {
        const uint64_t element = place * d->image_elements + i;
        const uint32_t counter[4] = {(uint32_t)(element / 4), (uint32_t)number, d->stream, PHILOX_DROPOUT};
        uint32_t words[4];
        philox4x32_10(counter, key, words);
        if (words[element % 4] * 0x1p-32 >= (double)d->p) output_add(y, i, x[i] / (1 - (double)d->p));
    }
}
