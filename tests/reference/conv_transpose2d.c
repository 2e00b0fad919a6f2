/* Transposed convolution and its gradients: x is narrow, y is wide, weight[kh][kw][in][out]. */
#include "reference/accumulate.h"
#include "reference/taps.h"

static size_t in_pixels(const conv_geometry *g) {
    return (size_t)g->n * g->narrow_h * g->narrow_w;
}

static size_t out_pixels(const conv_geometry *g) {
    return (size_t)g->n * g->wide_h * g->wide_w;
}

void reference_conv_transpose2d_fwd(const conv_desc *d, const double *x, const double *weight, const double *bias,
                                    reference_output y) {
    const conv_geometry *g = &d->g;
    const size_t in = g->narrow_c, out = g->wide_c;
    output_start(y, out_pixels(g) * out);
    for (tap t = TAP_START; tap_next(g, &t);)
        for (size_t c = 0; c < in; c++)
            for (size_t o = 0; o < out; o++)
                output_add(y, t.wide * out + o, x[t.narrow * in + c] * weight[(t.weight * in + c) * out + o]);
    if (d->with_bias) output_add_bias(y, out_pixels(g), out, bias);
    if (d->activation) output_relu(y, out_pixels(g) * out);
}

void reference_conv_transpose2d_bwd_data(const conv_desc *d, const double *dy, const double *weight, const double *mask,
                                         reference_output dx) {
    const conv_geometry *g = &d->g;
    const size_t in = g->narrow_c, out = g->wide_c;
    output_start(dx, in_pixels(g) * in);
    for (tap t = TAP_START; tap_next(g, &t);)
        for (size_t c = 0; c < in; c++)
            for (size_t o = 0; o < out; o++)
                output_add(dx, t.narrow * in + c, dy[t.wide * out + o] * weight[(t.weight * in + c) * out + o]);
    if (d->activation) output_mask(dx, in_pixels(g) * in, mask);
}

void reference_conv_transpose2d_bwd_weights(const conv_desc *d, const double *x, const double *dy,
                                            reference_output dweight, reference_output dbias) {
    const conv_geometry *g = &d->g;
    const size_t in = g->narrow_c, out = g->wide_c;
    output_start(dweight, (size_t)g->kh * g->kw * in * out);
    for (tap t = TAP_START; tap_next(g, &t);)
        for (size_t c = 0; c < in; c++)
            for (size_t o = 0; o < out; o++)
                output_add(dweight, (t.weight * in + c) * out + o, x[t.narrow * in + c] * dy[t.wide * out + o]);
    if (d->with_bias) output_channel_sums(dbias, out_pixels(g), out, dy);
}
