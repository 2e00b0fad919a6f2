/* Dropout (Srivastava et al., 2014): which elements are dropped is a pure function of seed, step, stream and place. */
#ifndef CLAE_OPS_DROPOUT_H
#define CLAE_OPS_DROPOUT_H

#include "base/philox.h"
#include "ops/op.h"

#include <math.h>

/* An element is dropped where its 32 random bits are below it. */
static inline uint32_t dropout_threshold(const dropout_desc *desc) {
    return (uint32_t)ceil((double)desc->p * 0x1p32);
}
/* What the others are multiplied by. */
static inline float dropout_scale(const dropout_desc *desc) {
    return (float)(1 / (1 - (double)desc->p));
}

/* Elements are counted through all images of a step, whichever of them run together, modulo 2^34. The bits of element e
 * are number e of a stretch of the stream that each step has for itself: the counter of Philox is {e / 4, number of the
 * step, stream, purpose}, and the key is the seed. */
#define DROPOUT_STEP_BITS 34
static inline philox_stream dropout_stream(const dropout_desc *desc, const op_step *step) {
    return (philox_stream){step->seed, PHILOX_DROPOUT, desc->stream};
}
/* Of element i of these images. */
static inline uint64_t dropout_index(const dropout_desc *desc, const op_step *step, size_t i) {
    const uint64_t element = (uint64_t)step->place * desc->image_elements + i;
    return (step->number << DROPOUT_STEP_BITS) + (element & (((uint64_t)1 << DROPOUT_STEP_BITS) - 1));
}

#endif
