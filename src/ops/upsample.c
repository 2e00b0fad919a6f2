#include "ops/upsample.h"
#include "ops/op_kind.h"

#include <math.h>
#include <stdio.h>

static size_t upsample_in_count(const upsample_desc *d) {
    return (size_t)d->n * (size_t)d->in_h * (size_t)d->in_w * (size_t)d->channels;
}

static size_t upsample_out_count(const upsample_desc *d) {
    return (size_t)d->n * (size_t)d->out_h * (size_t)d->out_w * (size_t)d->channels;
}

static size_t upsample_fwd_count(const op_desc *desc, int operand) {
    return operand == UPSAMPLE_FWD_X ? upsample_in_count(&desc->upsample) : upsample_out_count(&desc->upsample);
}

static size_t upsample_bwd_count(const op_desc *desc, int operand) {
    return operand == UPSAMPLE_BWD_DX ? upsample_in_count(&desc->upsample) : upsample_out_count(&desc->upsample);
}

static double upsample_flops(const op_desc *desc) {
    return (desc->upsample.bilinear ? 8.0 : 1.0) * (double)upsample_out_count(&desc->upsample);
}

static double upsample_fwd_terms(const op_desc *desc, int output) {
    (void)output;
    return desc->upsample.bilinear ? 4 : 1;
}

static double upsample_bwd_terms(const op_desc *desc, int output) {
    const upsample_desc *d = &desc->upsample;
    const double reach = d->bilinear ? 2 : 1; /* pixels of x along an axis that hold all outputs of one */
    (void)output;
    return (reach * d->out_h / d->in_h + 1) * (reach * d->out_w / d->in_w + 1);
}

static const op_field upsample_fields[] = {OP_FIELD(FLAG, upsample, bilinear), OP_FIELD(INT, upsample, n),
                                           OP_FIELD(INT, upsample, in_h),      OP_FIELD(INT, upsample, in_w),
                                           OP_FIELD(INT, upsample, channels),  OP_FIELD(INT, upsample, out_h),
                                           OP_FIELD(INT, upsample, out_w),     {0}};

static void upsample_describe(const op_desc *desc, char *text, size_t size) {
    const upsample_desc *d = &desc->upsample;
    snprintf(text, size, "%s %dx%dx%dx%d -> %dx%d", d->bilinear ? "bilinear" : "nearest", d->n, d->in_h, d->in_w,
             d->channels, d->out_h, d->out_w);
}

static size_t upsample_images(const op_desc *desc) {
    return (size_t)desc->upsample.n;
}

static void upsample_set_images(op_desc *desc, size_t images) {
    desc->upsample.n = (int)images;
}

typedef struct upsample_pixel {
    size_t image;
    int y, x, c;
} upsample_pixel;

static upsample_pixel upsample_pixel_of(size_t i, int h, int w, int channels) {
    const size_t c = (size_t)channels, row = (size_t)w * c, image = (size_t)h * row;
    return (upsample_pixel){i / image, (int)(i % image / row), (int)(i % row / c), (int)(i % c)};
}

static double upsample_value(const op_values *values, int operand, const upsample_pixel *p, int y, int x, int h,
                             int w) {
    const size_t row = p->image * (size_t)h + (size_t)y;
    const size_t c = (size_t)values->desc->upsample.channels;
    return (double)op_floats(values, operand)[(row * (size_t)w + (size_t)x) * c + (size_t)p->c];
}

/* Where output i is among the inputs, from the definition. */
static double upsample_source(bool bilinear, int i, int in, int out) {
    if (!bilinear) return (double)((long long)i * in / out);
    return fmax(((2.0 * i + 1) * in - out) / (2.0 * out), 0);
}

/* What output i has of input j. */
static double upsample_share(bool bilinear, int i, int j, int in, int out) {
    const double source = upsample_source(bilinear, i, in, out), below = floor(source), share = source - below;
    const double above = fmin(below + 1, in - 1);
    return (j == below ? 1 - share : 0) + (j == above ? share : 0);
}

static op_expected upsample_fwd_expect(const op_values *values, int output, size_t i) {
    const upsample_desc *d = &values->desc->upsample;
    const upsample_pixel p = upsample_pixel_of(i, d->out_h, d->out_w, d->channels);
    const int y0 = (int)upsample_source(d->bilinear, p.y, d->in_h, d->out_h);
    const int x0 = (int)upsample_source(d->bilinear, p.x, d->in_w, d->out_w);
    op_expected y = {0};
    (void)output;
    for (int j = y0; j < d->in_h && j <= y0 + 1; j++)
        for (int k = x0; k < d->in_w && k <= x0 + 1; k++) {
            const double share = upsample_share(d->bilinear, p.y, j, d->in_h, d->out_h) *
                                 upsample_share(d->bilinear, p.x, k, d->in_w, d->out_w);
            if (share != 0)
                op_expected_add(&y, share * upsample_value(values, UPSAMPLE_FWD_X, &p, j, k, d->in_h, d->in_w));
        }
    return y;
}

/* Outputs around that of input j, more than all that have a share of it. */
static int upsample_from(int j, int in, int out) {
    const long long from = (long long)(j - 1) * out / in - 1;
    return from > 0 ? (int)from : 0;
}

static int upsample_to(int j, int in, int out) {
    const long long to = (long long)(j + 2) * out / in + 2;
    return to < out ? (int)to : out;
}

static op_expected upsample_bwd_expect(const op_values *values, int output, size_t i) {
    const upsample_desc *d = &values->desc->upsample;
    const upsample_pixel p = upsample_pixel_of(i, d->in_h, d->in_w, d->channels);
    op_expected dx = {0};
    (void)output;
    for (int j = upsample_from(p.y, d->in_h, d->out_h); j < upsample_to(p.y, d->in_h, d->out_h); j++) {
        const double share = upsample_share(d->bilinear, j, p.y, d->in_h, d->out_h);
        for (int k = upsample_from(p.x, d->in_w, d->out_w); share != 0 && k < upsample_to(p.x, d->in_w, d->out_w); k++)
            op_expected_add(&dx, share * upsample_share(d->bilinear, k, p.x, d->in_w, d->out_w) *
                                     upsample_value(values, UPSAMPLE_BWD_DY, &p, j, k, d->out_h, d->out_w));
    }
    return dx;
}

const op_kind op_kind_upsample2d_fwd = {
    .name = "upsample2d_fwd",
    .operand = {[UPSAMPLE_FWD_X] = {"x", OPERAND_IN, DRAW_NUMBERS}, [UPSAMPLE_FWD_Y] = {"y", OPERAND_OUT}},
    .count = upsample_fwd_count,
    .flops = upsample_flops,
    .terms = upsample_fwd_terms,
    .describe = upsample_describe,
    .fields = upsample_fields,
    .images = upsample_images,
    .set_images = upsample_set_images,
    .expect = upsample_fwd_expect,
};

const op_kind op_kind_upsample2d_bwd = {
    .name = "upsample2d_bwd",
    .operand = {[UPSAMPLE_BWD_DY] = {"dy", OPERAND_IN, DRAW_NUMBERS}, [UPSAMPLE_BWD_DX] = {"dx", OPERAND_OUT}},
    .count = upsample_bwd_count,
    .flops = upsample_flops,
    .terms = upsample_bwd_terms,
    .describe = upsample_describe,
    .fields = upsample_fields,
    .images = upsample_images,
    .set_images = upsample_set_images,
    .expect = upsample_bwd_expect,
};
