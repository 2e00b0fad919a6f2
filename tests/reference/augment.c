/* Augmentation step by step: an image is rotated, mirrored, shifted, then made brighter or darker, by the generator as
 * it was published with the counter that the op states. */
#include "base/philox.h"
#include "reference/accumulate.h"

#include <stdlib.h>
#include <string.h>

static size_t element(const augment_desc *d, int i, int j, int c) {
    return ((size_t)i * (size_t)d->w + (size_t)j) * (size_t)d->channels + (size_t)c;
}

/* Gives each pixel of `image` the place that `where` says it comes from. */
static void move(const augment_desc *d, double *image, void (*where)(const augment_desc *, int by, int *i, int *j),
                 int by) {
    const size_t bytes = element(d, d->h, 0, 0) * sizeof *image;
    double *before = malloc(bytes);
    if (!before) abort();
    memcpy(before, image, bytes);
    for (int i = 0; i < d->h; i++)
        for (int j = 0; j < d->w; j++) {
            int from_i = i, from_j = j;
            where(d, by, &from_i, &from_j);
            for (int c = 0; c < d->channels; c++) image[element(d, i, j, c)] = before[element(d, from_i, from_j, c)];
        }
    free(before);
}

/* The right side becomes the top. */
static void quarter_turn(const augment_desc *d, int by, int *i, int *j) {
    const int row = *i;
    (void)by;
    *i = *j;
    *j = d->w - 1 - row;
}

static void mirror_columns(const augment_desc *d, int by, int *i, int *j) {
    (void)by;
    (void)i;
    *j = d->w - 1 - *j;
}

static void mirror_rows(const augment_desc *d, int by, int *i, int *j) {
    (void)by;
    (void)j;
    *i = d->h - 1 - *i;
}

static int within(int place, int size) {
    return place < 0 ? 0 : place >= size ? size - 1 : place;
}

static void shift_down(const augment_desc *d, int by, int *i, int *j) {
    (void)j;
    *i = within(*i - by, d->h);
}

static void shift_right(const augment_desc *d, int by, int *i, int *j) {
    (void)i;
    *j = within(*j - by, d->w);
}

/* One of -shift .. shift, each of which has the same share of the 2^32 words. */
static int shift_of(const augment_desc *d, uint32_t word) {
    return (int)floor(word * 0x1p-32 * (2 * d->shift + 1)) - d->shift;
}

static void augment_image(const augment_desc *d, const uint32_t words[4], double *image) {
    if (d->rotate)
        for (uint32_t turns = words[0] >> 28 & 3; turns > 0; turns--) move(d, image, quarter_turn, 0);
    if (d->flip_h && words[0] >= 0x80000000u) move(d, image, mirror_columns, 0);
    if (d->flip_v && (words[0] & 0x40000000u)) move(d, image, mirror_rows, 0);
    move(d, image, shift_down, shift_of(d, words[1]));
    move(d, image, shift_right, shift_of(d, words[2]));
}

static void brighten(const augment_desc *d, double b, reference_output y, size_t first, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const size_t c = i % (size_t)d->channels;
        output_add(y, first + i, b * (double)d->unit[c]);
        y.value[first + i] = fmin(fmax(y.value[first + i], (double)d->least[c]), (double)d->most[c]);
    }
}

void reference_augment(const augment_desc *d, uint64_t seed, uint64_t image, const double *x, reference_output y) {
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const size_t elements = element(d, d->h, 0, 0);
    for (int n = 0; n < d->n; n++) {
        const uint64_t number = image + (uint64_t)n;
        const uint32_t counter[4] = {0, (uint32_t)(number % (1u << 30)), (uint32_t)(number >> 30), PHILOX_AUGMENT};
        const size_t first = (size_t)n * elements;
        uint32_t words[4];
        philox4x32_10(counter, key, words);
        memcpy(y.value + first, x + first, elements * sizeof *x);
        augment_image(d, words, y.value + first);
        for (size_t i = first; i < first + elements; i++) y.magnitude[i] = fabs(y.value[i]);
        const double b = (double)d->brightness * (words[3] < 0x80000000u ? words[3] : words[3] - 0x1p32) * 0x1p-31;
        if (d->brightness > 0) brighten(d, b, y, first, elements);
    }
}
