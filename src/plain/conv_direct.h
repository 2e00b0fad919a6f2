/* Gather and spread (see ops/conv.h) as one thing, a correlation: each output position takes weighted sums over a
 * window of the input. A gather is one; a spread with stride s is s x s of them, each of which writes every s-th row
 * and column (a phase) and has the taps that meet those: nothing is multiplied by the zeros that a stride leaves. */
#ifndef CLAE_PLAIN_CONV_DIRECT_H
#define CLAE_PLAIN_CONV_DIRECT_H

#include "ops/conv.h"

#include <stdbool.h>
#include <stddef.h>

struct plain_kernels;
struct tile_limits;

/* A phase on one axis: output out_first + a * out_step takes tap u from input a * in_step + in_base + u. */
typedef struct correlation_axis {
    int count; /* of positions a */
    int out_first, out_step;
    int in_step, in_base;
    int taps;
    int kernel_first, kernel_step; /* tap u is row kernel_first + u * kernel_step of the kernel */
    int full_first, full_end;      /* the positions a that have all taps inside the input */
} correlation_axis;

typedef struct correlation {
    int n;
    int in_h, in_w, in_c;
    int out_h, out_w, out_c;
    int kernel_h, kernel_w;
    bool weight_is_out_in; /* [kh][kw][out_c][in_c] rather than [kh][kw][in_c][out_c] */
    bool relu;
    int phases_y, phases_x;
    correlation_axis *y, *x;
    bool dot;            /* vectors over input channels: for fewer output channels than would fill one */
    int blocks;          /* of output channels: what one register tile holds */
    int padded_channels; /* output channels, rounded up to whole vectors */
    int images_per_task;
} correlation;

typedef struct correlation_args {
    const float *in;
    float *out;
    const float *mask;    /* NULL: none */
    const float *weights; /* packed: [phase y][phase x][block][tap y][tap x][in_c][channels of the block] */
    const float *bias;    /* padded_channels */
} correlation_args;

typedef struct correlation_block {
    int channel; /* the first one */
    int channels;
    int vectors, width; /* width: channels, rounded up to whole vectors */
} correlation_block;

correlation_block correlation_get_block(const correlation *c, const struct tile_limits *limits, int index);

/* Where the packed weights of a phase begin. */
static inline ptrdiff_t correlation_phase_offset(const correlation *c, int phase_y, int phase_x) {
    ptrdiff_t taps = 0;
    for (int y = 0; y <= phase_y; y++)
        for (int x = 0; x < (y < phase_y ? c->phases_x : phase_x); x++) taps += (ptrdiff_t)c->y[y].taps * c->x[x].taps;
    return taps * c->in_c * c->padded_channels;
}

/* The taps u of position a that are inside an input of `size` are first .. end-1. */
static inline conv_range correlation_taps(const correlation_axis *axis, int a, int size) {
    int base = a * axis->in_step + axis->in_base;
    conv_range taps = {base < 0 ? -base : 0, size - base < axis->taps ? size - base : axis->taps};
    if (taps.end < taps.first) taps.end = taps.first;
    return taps;
}

#endif
