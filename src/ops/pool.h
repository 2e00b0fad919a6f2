/* Pooling: the table behind the ops pool2d_fwd and pool2d_bwd, and which windows a pixel is in. */
#ifndef CLAE_OPS_POOL_H
#define CLAE_OPS_POOL_H

#include "base/numbers.h"
#include "ops/conv.h"

typedef struct pool_kind {
    const char *name; /* "max" */
    float start;
    bool picks;
    double (*scale)(double area);
    double (*joined)(double m, double v);
} pool_kind;

const pool_kind *pool_kind_of(pool_id pool);
/* By what y is multiplied, and dy. */
float pool_scale(const pool_desc *desc);

/* The taps of output i along an axis: the inputs first .. end-1, at least one. */
static inline conv_range pool_window(int i, int wide, int kernel, int stride, int pad) {
    const int start = i * stride - pad;
    return (conv_range){larger(start, 0), smaller(start + kernel, wide)};
}

/* The outputs first .. end-1 in whose windows input j is; maybe none. */
static inline conv_range pool_windows_of(int j, int narrow, int kernel, int stride, int pad) {
    const int before = j + pad - kernel + 1;
    conv_range windows = {before > 0 ? divide_up(before, stride) : 0, smaller((j + pad) / stride + 1, narrow)};
    if (windows.end < windows.first) windows.end = windows.first;
    return windows;
}

#endif
