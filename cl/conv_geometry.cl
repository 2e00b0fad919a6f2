/* The geometry of a convolution as an argument of kernels: conv_geometry of src/ops/op.h. */
typedef struct conv_geometry {
    int n, wide_h, wide_w, wide_c, narrow_h, narrow_w, narrow_c;
    int kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
} conv_geometry;

/* Gather and spread as in -> out. */
typedef struct conv_sides {
    int in_h, in_w, in_c, out_h, out_w, out_c;
} conv_sides;

static conv_sides sides_of(conv_geometry g, int spread) {
    if (spread) return (conv_sides){g.narrow_h, g.narrow_w, g.narrow_c, g.wide_h, g.wide_w, g.wide_c};
    return (conv_sides){g.wide_h, g.wide_w, g.wide_c, g.narrow_h, g.narrow_w, g.narrow_c};
}
