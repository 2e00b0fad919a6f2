#include "ops/conv_cases.h"

static bool fill_fwd(op_case *c, test_random *random) {
    const conv_desc *d = &c->desc.conv;
    const conv_sizes size = conv_sizes_of(&c->desc, true);
    const double *x = case_random(c, CONV_X, size.x, 1, random);
    const double *weight = case_random(c, CONV_WEIGHT, size.weight, 1, random);
    const double *bias = d->with_bias ? case_random(c, CONV_BIAS, size.out, 1, random) : NULL;
    reference_output y = case_output(c, CONV_Y, size.y, reference_conv_terms(c->desc.op, d));
    reference_conv_transpose2d_fwd(d, x, weight, bias, y);
    return true;
}

static bool fill_bwd_data(op_case *c, test_random *random) {
    const conv_desc *d = &c->desc.conv;
    const conv_sizes size = conv_sizes_of(&c->desc, true);
    const double *dy = case_random(c, CONV_BWD_DATA_DY, size.y, 1, random);
    const double *weight = case_random(c, CONV_BWD_DATA_WEIGHT, size.weight, 1, random);
    const double *mask = d->activation ? conv_random_mask(c, CONV_BWD_DATA_MASK, size.x, random) : NULL;
    reference_output dx = case_output(c, CONV_BWD_DATA_DX, size.x, reference_conv_terms(c->desc.op, d));
    reference_conv_transpose2d_bwd_data(d, dy, weight, mask, dx);
    return true;
}

static bool fill_bwd_weights(op_case *c, test_random *random) {
    const conv_desc *d = &c->desc.conv;
    const conv_sizes size = conv_sizes_of(&c->desc, true);
    const conv_geometry *g = &d->g;
    const double *x = conv_random_images(c, CONV_BWD_WEIGHTS_X, g->n, g->narrow_h, g->narrow_w, g->narrow_c, random);
    const double *dy = conv_random_images(c, CONV_BWD_WEIGHTS_DY, g->n, g->wide_h, g->wide_w, g->wide_c, random);
    const double terms = reference_conv_terms(c->desc.op, d);
    reference_output dweight = case_output(c, CONV_BWD_WEIGHTS_DWEIGHT, size.weight, terms), dbias = {0};
    if (d->with_bias) dbias = case_output(c, CONV_BWD_WEIGHTS_DBIAS, size.out, (double)(size.y / size.out));
    reference_conv_transpose2d_bwd_weights(d, x, dy, dweight, dbias);
    return true;
}

const op_suite suite_conv_transpose2d_fwd = {OP_conv_transpose2d_fwd, CONV_FIXED_COUNT, conv_describe, fill_fwd};
const op_suite suite_conv_transpose2d_bwd_data = {OP_conv_transpose2d_bwd_data, CONV_FIXED_COUNT, conv_describe,
                                                  fill_bwd_data};
const op_suite suite_conv_transpose2d_bwd_weights = {OP_conv_transpose2d_bwd_weights, CONV_FIXED_COUNT, conv_describe,
                                                     fill_bwd_weights};
