/* Ops that make each pixel of a result from a rectangle of pixels, of the same channel: rows first, then columns. */
#ifndef CLAE_PLAIN_RESAMPLE_H
#define CLAE_PLAIN_RESAMPLE_H

#include "ops/conv.h"

/* Position i of the result is made from range[i] of the positions of the other side. */
typedef struct resample_axis {
    int count;         /* of the result */
    conv_range *range; /* [count] */
    int most;          /* positions of a range, at most; 0: there are no weights */
    float *weight;     /* [count][most] */
} resample_axis;

typedef struct resample {
    resample_axis rows, columns;
    int n, in_h, in_w, channels;
    pool_id join;       /* how the pixels become one */
    float start, scale; /* of ops/pools.def */
} resample;

#endif
