/* Spread with few output channels: from a row of the input, one product of matrices makes what it adds to all taps, and
 * rows of the output are summed up from that. */
#ifndef CLAE_PLAIN_CONV_COL2IM_H
#define CLAE_PLAIN_CONV_COL2IM_H

#include "ops/conv.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct col2im {
    conv_geometry g;
    bool weight_is_out_in; /* [kh][kw][out][in] rather than [kh][kw][in][out] */
    bool relu;
    int segment;          /* kernel columns times output channels: what a position adds to a row */
    int columns;          /* of the product: all segments, in whole panels */
    int panel;            /* columns of a register tile */
    int rows;             /* of sums that are in the making */
    ptrdiff_t row_floats; /* padding and room for whole vectors included */
} col2im;

typedef struct col2im_args {
    const float *in;
    float *out;
    const float *mask;    /* NULL: none */
    const float *weights; /* packed: [panel][in][column of the panel] */
    const float *bias;    /* of a row of the output; NULL: none */
} col2im_args;

#endif
