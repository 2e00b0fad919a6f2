#include "ops/conv.h"

conv_kernel conv_kernel_of(op_id op) {
    switch (op) {
    case OP_conv2d_fwd:
    case OP_conv_transpose2d_bwd_data:
        return CONV_GATHER;
    case OP_conv2d_bwd_data:
    case OP_conv_transpose2d_fwd:
        return CONV_SPREAD;
    default:
        return CONV_FILTER;
    }
}

bool conv_is_forward(op_id op) {
    return op == OP_conv2d_fwd || op == OP_conv_transpose2d_fwd;
}

conv_sides conv_sides_of(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    if (conv_kernel_of(desc->op) == CONV_SPREAD)
        return (conv_sides){true, g->narrow_h, g->narrow_w, g->narrow_c, g->wide_h, g->wide_w, g->wide_c};
    return (conv_sides){false, g->wide_h, g->wide_w, g->wide_c, g->narrow_h, g->narrow_w, g->narrow_c};
}

conv_range conv_taps_inside(int i, int wide, int kernel, int stride, int pad) {
    const int start = i * stride - pad;
    conv_range taps = {start < 0 ? -start : 0, wide - start < kernel ? wide - start : kernel};
    if (taps.end < taps.first) taps.end = taps.first;
    return taps;
}

size_t conv_axis_pairs(int narrow, int wide, int kernel, int stride, int pad) {
    size_t pairs = 0;
    for (int i = 0; i < narrow; i++) {
        const conv_range taps = conv_taps_inside(i, wide, kernel, stride, pad);
        pairs += (size_t)(taps.end - taps.first);
    }
    return pairs;
}
