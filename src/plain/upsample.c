#include "ops/upsample.h"
#include "base/numbers.h"
#include "plain/impls.h"

/* Forward: position i of y from those of x. */
static void upsample_fill_fwd(bool bilinear, int in, int out, resample_axis *axis) {
    for (int i = 0; i < out; i++) {
        const int first = upsample_first(bilinear, i, in, out), end = upsample_last(bilinear, i, in, out) + 1;
        axis->range[i] = (conv_range){first, end};
        for (int j = first; axis->weight && j < end; j++)
            axis->weight[i * axis->most + j - first] = upsample_weight(bilinear, i, j, in, out);
    }
}

/* Backward: position j of dx from those of dy. */
static void upsample_fill_bwd(bool bilinear, int in, int out, resample_axis *axis) {
    for (int j = 0; j < in; j++) {
        const int first = upsample_first_of(bilinear, j, in, out);
        const int end = larger(first, upsample_end_of(bilinear, j, in, out));
        axis->range[j] = (conv_range){first, end};
        for (int i = first; axis->weight && i < end; i++)
            axis->weight[j * axis->most + i - first] = upsample_weight(bilinear, i, j, in, out);
    }
}

/* The most outputs that one input goes to. */
static int upsample_most_of(bool bilinear, int in, int out) {
    int most = 0;
    for (int j = 0; j < in; j++)
        most = larger(most, upsample_end_of(bilinear, j, in, out) - upsample_first_of(bilinear, j, in, out));
    return most;
}

static clae_status upsample_prepare_fwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    const upsample_desc *d = &desc->upsample;
    const int most = d->bilinear ? 2 : 0;
    const resample shape = {.rows = {.count = d->out_h, .most = most},
                            .columns = {.count = d->out_w, .most = most},
                            .n = d->n,
                            .in_h = d->in_h,
                            .in_w = d->in_w,
                            .channels = d->channels,
                            .join = POOL_avg,
                            .scale = 1};
    resample *made;
    const clae_status status =
        plain_resample_create(device, desc, choice, &shape, UPSAMPLE_FWD_X, UPSAMPLE_FWD_Y, instance, &made);
    if (status != CLAE_OK) return status;
    upsample_fill_fwd(d->bilinear, d->in_h, d->out_h, &made->rows);
    upsample_fill_fwd(d->bilinear, d->in_w, d->out_w, &made->columns);
    return CLAE_OK;
}

static clae_status upsample_prepare_bwd(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    const upsample_desc *d = &desc->upsample;
    const bool weighted = d->bilinear;
    const resample shape = {
        .rows = {.count = d->in_h, .most = weighted ? upsample_most_of(true, d->in_h, d->out_h) : 0},
        .columns = {.count = d->in_w, .most = weighted ? upsample_most_of(true, d->in_w, d->out_w) : 0},
        .n = d->n,
        .in_h = d->out_h,
        .in_w = d->out_w,
        .channels = d->channels,
        .join = POOL_avg,
        .scale = 1};
    resample *made;
    const clae_status status =
        plain_resample_create(device, desc, choice, &shape, UPSAMPLE_BWD_DY, UPSAMPLE_BWD_DX, instance, &made);
    if (status != CLAE_OK) return status;
    upsample_fill_bwd(d->bilinear, d->in_h, d->out_h, &made->rows);
    upsample_fill_bwd(d->bilinear, d->in_w, d->out_w, &made->columns);
    return CLAE_OK;
}

static clae_status upsample_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    if (desc->op == OP_upsample2d_fwd) return upsample_prepare_fwd(device, desc, choice, instance);
    return upsample_prepare_bwd(device, desc, choice, instance);
}

const op_impl plain_upsample = {.name = "plain", .supports = plain_supports_all, .prepare = upsample_prepare};
