/* How an image is turned, mirrored and shifted in training, and its brightness: a pure function of the seed and of the
 * image's number among all that are trained on. */
#ifndef CLAE_OPS_AUGMENT_H
#define CLAE_OPS_AUGMENT_H

#include "base/philox.h"
#include "ops/op.h"

/* Number i, below 2^34, of an image: the counter of Philox is {i / 4, image mod 2^30, image / 2^30, purpose}, and the
 * key is the seed. */
static inline philox_stream augment_stream(uint64_t seed, philox_purpose purpose, uint64_t image) {
    return (philox_stream){seed, purpose, (uint32_t)(image >> 30)};
}
static inline uint64_t augment_index(uint64_t image, size_t i) {
    return (image << 34) + i;
}

/* Where pixels come from: pixel (i, j) from (row, column) = (i - dy, j - dx), moved to the nearest edge; then each
 * counted from the other end where it is flipped, and both exchanged where it is transposed. */
typedef struct augment_place {
    bool flip_row, flip_column, transpose;
    int dy, dx;
    float brightness; /* from -1 to below 1 */
} augment_place;

static inline int augment_shift(const augment_desc *desc, uint32_t bits) {
    const uint32_t places = 2 * (uint32_t)desc->shift + 1;
    return (int)((uint64_t)bits * places >> 32) - desc->shift;
}

/* The four words of an image are for flips and rotation (bits 31, 30 and 29-28), dy, dx and brightness, so that no
 * option changes what another one draws. A quarter turn anticlockwise mirrors rows, a half turn both, then three
 * quarters mirror columns; odd quarters exchange rows and columns. */
static inline augment_place augment_place_of(const augment_desc *desc, uint64_t seed, uint64_t image) {
    const philox_stream stream = augment_stream(seed, PHILOX_AUGMENT, image);
    const uint32_t bits = philox_bits(stream, augment_index(image, 0));
    const uint32_t quarters = desc->rotate ? bits >> 28 & 3 : 0;
    return (augment_place){
        .flip_row = (desc->flip_v && (bits >> 30 & 1)) != (quarters == 1 || quarters == 2),
        .flip_column = (desc->flip_h && bits >> 31) != (quarters >= 2),
        .transpose = quarters & 1,
        .dy = augment_shift(desc, philox_bits(stream, augment_index(image, 1))),
        .dx = augment_shift(desc, philox_bits(stream, augment_index(image, 2))),
        .brightness = (float)(int32_t)philox_bits(stream, augment_index(image, 3)) * 0x1p-31f,
    };
}

/* The pixel of x, a number below h * w, that pixel (i, j) of y is. */
static inline size_t augment_source(const augment_desc *desc, const augment_place *place, int i, int j) {
    int row = i - place->dy, column = j - place->dx;
    row = row < 0 ? 0 : row < desc->h ? row : desc->h - 1;
    column = column < 0 ? 0 : column < desc->w ? column : desc->w - 1;
    if (place->flip_row) row = desc->h - 1 - row;
    if (place->flip_column) column = desc->w - 1 - column;
    return (size_t)(place->transpose ? column : row) * (size_t)desc->w + (size_t)(place->transpose ? row : column);
}

#endif
