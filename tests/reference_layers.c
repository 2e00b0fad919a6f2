#include "reference_layers.h"

#include "ops/activation.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Those of the op tests (op_harness.c), for any implementation. */
#define WINOGRAD_TOLERANCE 8.0

static const double norm_epsilon = 1e-5, norm_momentum = 0.1;

void reference_disturb(const reference_settings *settings, reference_output output, size_t count, double terms,
                       bool mixed) {
    double unit = FLT_EPSILON * (8 + sqrt(terms)), largest = 0;
    if (!settings->noise) return;
    for (size_t i = 0; i < count && mixed; i++) largest = fmax(largest, output.magnitude[i]);
    if (mixed) unit *= WINOGRAD_TOLERANCE;
    for (size_t i = 0; i < count; i++) {
        const double by = unit * fmax(output.magnitude[i], largest);
        output.value[i] += random_bits(settings->noise) >> 63 ? by : -by;
    }
}

static reference_output output_into(double *value, size_t count) {
    return (reference_output){value, calloc(count ? count : 1, sizeof(double))};
}

/* Ends an output that output_into began. */
static void output_done(const layer_run *r, reference_output output, size_t count, double terms, bool mixed) {
    reference_disturb(r->settings, output, count, terms, mixed);
    free(output.magnitude);
}

static void output_exact(reference_output output) {
    free(output.magnitude);
}

static size_t in_count(const layer_run *r) {
    return (size_t)r->settings->n * shape_elements(r->layer->in);
}
static size_t out_count(const layer_run *r) {
    return (size_t)r->settings->n * shape_elements(r->layer->out);
}
static double *value_of(const layer_run *r, size_t param) {
    return r->parameters + r->layer->param[param].offset;
}
static reference_output gradient_of(const layer_run *r, size_t param) {
    return output_into(r->gradients + r->layer->param[param].offset, r->layer->param[param].count);
}

/* ---- convolutions and linear */

static conv_geometry geometry_of(const layer *l, int n) {
    const bool transposed = l->type == &layer_conv_transpose2d;
    const clae_shape wide = transposed ? l->out : l->in, narrow = transposed ? l->in : l->out;
    return (conv_geometry){
        .n = n,
        .wide_h = (int)wide.h,
        .wide_w = (int)wide.w,
        .wide_c = (int)wide.c,
        .narrow_h = (int)narrow.h,
        .narrow_w = (int)narrow.w,
        .narrow_c = (int)narrow.c,
        .kh = (int)l->spec.kernel_h,
        .kw = (int)l->spec.kernel_w,
        .sh = (int)l->spec.stride_h,
        .sw = (int)l->spec.stride_w,
        .ph = (int)l->spec.padding_h,
        .pw = (int)l->spec.padding_w,
    };
}

static conv_desc conv_desc_of(const layer_run *r) {
    const layer *l = r->layer;
    conv_desc desc = {.g = geometry_of(l, r->settings->n), .with_bias = !l->spec.no_bias};
    if (l->type == &layer_linear)
        desc.g = (conv_geometry){.n = r->settings->n,
                                 .wide_h = 1,
                                 .wide_w = 1,
                                 .wide_c = (int)shape_elements(l->in),
                                 .narrow_h = 1,
                                 .narrow_w = 1,
                                 .narrow_c = (int)shape_elements(l->out),
                                 .kh = 1,
                                 .kw = 1,
                                 .sh = 1,
                                 .sw = 1};
    return desc;
}

/* Winograd's algorithm is for these. */
static bool is_mixed(const conv_geometry *g) {
    return g->sh == 1 && g->sw == 1 && g->kh == g->kw && (g->kh == 3 || g->kh == 5);
}

static void conv_forward(layer_run *r) {
    const bool transposed = r->layer->type == &layer_conv_transpose2d;
    const conv_desc d = conv_desc_of(r);
    const double *bias = d.with_bias ? value_of(r, 1) : NULL;
    const reference_output y = output_into(r->y, out_count(r));
    (transposed ? reference_conv_transpose2d_fwd : reference_conv2d_fwd)(&d, r->x, value_of(r, 0), bias, y);
    output_done(r, y, out_count(r), reference_conv_terms(transposed ? OP_conv_transpose2d_fwd : OP_conv2d_fwd, &d) + 1,
                is_mixed(&d.g));
}

static void conv_weights_backward(layer_run *r, bool transposed, const conv_desc *d) {
    const layer_param *param = r->layer->param;
    const op_id op = transposed ? OP_conv_transpose2d_bwd_weights : OP_conv2d_bwd_weights;
    const reference_output dweight = gradient_of(r, 0),
                           dbias = d->with_bias ? gradient_of(r, 1) : (reference_output){0};
    (transposed ? reference_conv_transpose2d_bwd_weights : reference_conv2d_bwd_weights)(d, r->x, r->dy, dweight,
                                                                                         dbias);
    output_done(r, dweight, param[0].count, reference_conv_terms(op, d), is_mixed(&d->g));
    if (d->with_bias) output_done(r, dbias, param[1].count, (double)out_count(r) / (double)param[1].count, false);
}

static void conv_backward(layer_run *r) {
    const bool transposed = r->layer->type == &layer_conv_transpose2d;
    const op_id op = transposed ? OP_conv_transpose2d_bwd_data : OP_conv2d_bwd_data;
    const conv_desc d = conv_desc_of(r);
    const reference_output dx = output_into(r->dx, in_count(r));
    conv_weights_backward(r, transposed, &d);
    (transposed ? reference_conv_transpose2d_bwd_data : reference_conv2d_bwd_data)(&d, r->dy, value_of(r, 0), NULL, dx);
    output_done(r, dx, in_count(r), reference_conv_terms(op, &d), is_mixed(&d.g));
}

/* ---- activations and dropout */

static activation_desc activation_desc_of(const layer_run *r) {
    return (activation_desc){activation_find(r->layer->type->name), out_count(r), (float)r->layer->spec.value};
}

static void activation_forward(layer_run *r) {
    const activation_desc d = activation_desc_of(r);
    const reference_output y = output_into(r->y, d.count);
    reference_activation_fwd(&d, r->x, y);
    output_done(r, y, d.count, 0, false);
}

static void activation_backward(layer_run *r) {
    const activation_desc d = activation_desc_of(r);
    const reference_output dx = output_into(r->dx, d.count);
    reference_activation_bwd(&d, reference_activation_from_y(d.activation) ? r->y : r->x, r->dy, dx);
    output_done(r, dx, d.count, 0, false);
}

static prelu_desc prelu_desc_of(const layer_run *r) {
    return (prelu_desc){out_count(r) / r->layer->out.c, r->layer->out.c, r->layer->spec.one_slope};
}

static void prelu_forward(layer_run *r) {
    const prelu_desc d = prelu_desc_of(r);
    const reference_output y = output_into(r->y, out_count(r));
    reference_prelu_fwd(&d, r->x, value_of(r, 0), y);
    output_done(r, y, out_count(r), 1, false);
}

static void prelu_backward(layer_run *r) {
    const prelu_desc d = prelu_desc_of(r);
    const size_t slopes = r->layer->param[0].count;
    const reference_output dx = output_into(r->dx, out_count(r)), dslope = gradient_of(r, 0);
    reference_prelu_bwd(&d, r->x, r->dy, value_of(r, 0), dx, dslope);
    output_done(r, dx, out_count(r), 1, false);
    output_done(r, dslope, slopes, (double)(out_count(r) / slopes), false);
}

static void dropout_pass(const layer_run *r, const double *from, double *to) {
    const dropout_desc d = {out_count(r), (float)r->layer->spec.value, r->layer->index, 0};
    const reference_output output = output_into(to, d.count);
    reference_dropout(&d, r->settings->seed, r->settings->number, 0, from, output);
    output_done(r, output, d.count, 1, false);
}

static void copy_forward(layer_run *r) {
    memcpy(r->y, r->x, out_count(r) * sizeof *r->y);
}
static void copy_backward(layer_run *r) {
    memcpy(r->dx, r->dy, out_count(r) * sizeof *r->dx);
}

static void dropout_forward(layer_run *r) {
    if (r->settings->training)
        dropout_pass(r, r->x, r->y);
    else
        copy_forward(r);
}
static void dropout_backward(layer_run *r) {
    dropout_pass(r, r->dy, r->dx);
}

/* ---- norms */

static bool is_of_batch(const layer_run *r) {
    return r->layer->type == &layer_batch_norm;
}

static norm_desc norm_desc_of_run(const layer_run *r) {
    return (norm_desc){.images = (size_t)r->settings->n,
                       .pixels = r->layer->out.h * r->layer->out.w,
                       .channels = r->layer->out.c,
                       .groups = is_of_batch(r) ? 1 : r->layer->spec.groups,
                       .epsilon = norm_epsilon,
                       .momentum = norm_momentum};
}

static size_t norm_sets(const norm_desc *d, bool of_batch) {
    return of_batch ? d->channels : d->images * d->groups;
}

static void follow_statistic(const layer_run *r, size_t param, double momentum, const double *found, double scale) {
    const size_t channels = r->layer->out.c;
    const reference_output running = output_into(value_of(r, param), channels);
    for (size_t c = 0; c < channels; c++) {
        running.magnitude[c] = fabs(running.value[c]) + momentum * fabs(found[c] * scale);
        running.value[c] += momentum * (found[c] * scale - running.value[c]);
    }
    output_done(r, running, channels, 1, false);
}

/* mean and inv_std are kept as the device has them, and y follows from its own. */
static void norm_forward(layer_run *r) {
    const norm_desc d = norm_desc_of_run(r);
    const bool of_batch = is_of_batch(r);
    const size_t sets = norm_sets(&d, of_batch), count = out_count(r);
    const double m = (double)(count / sets);
    const reference_output y = output_into(r->y, count);
    if (of_batch && !r->settings->training) {
        reference_batch_norm_eval_fwd(&d, r->x, value_of(r, 0), value_of(r, 1), value_of(r, 2), value_of(r, 3), y);
        output_done(r, y, count, 1, false);
        return;
    }
    const reference_output mean = output_into(r->mean, sets), inv_std = output_into(r->inv_std, sets);
    double *variance = calloc(sets, sizeof *variance);
    reference_norm_fwd(&d, of_batch, r->x, value_of(r, 0), value_of(r, 1), y, mean, inv_std, variance);
    output_done(r, y, count, m, false);
    output_done(r, mean, sets, m, false);
    output_done(r, inv_std, sets, m, false);
    reference_disturb(r->settings, (reference_output){variance, variance}, sets, m, false);
    if (of_batch) {
        follow_statistic(r, 2, d.momentum, r->mean, 1);
        follow_statistic(r, 3, d.momentum, variance, m / (m - 1));
    }
    free(variance);
}

static void norm_backward(layer_run *r) {
    const norm_desc d = norm_desc_of_run(r);
    const size_t count = out_count(r), sets = norm_sets(&d, is_of_batch(r));
    const reference_output dx = output_into(r->dx, count), dweight = gradient_of(r, 0), dbias = gradient_of(r, 1);
    reference_norm_bwd(&d, is_of_batch(r), r->dy, r->x, value_of(r, 0), r->mean, r->inv_std, dx, dweight, dbias);
    output_done(r, dx, count, (double)(count / sets), false);
    output_done(r, dweight, d.channels, (double)(count / d.channels), false);
    output_done(r, dbias, d.channels, (double)(count / d.channels), false);
}

/* ---- what moves pixels */

static pool_desc pool_desc_of_run(const layer *l, int n) {
    return (pool_desc){l->type == &layer_max_pool2d ? POOL_max : POOL_avg, geometry_of(l, n)};
}

static void pool_forward(layer_run *r) {
    const pool_desc d = pool_desc_of_run(r->layer, r->settings->n);
    const reference_output y = output_into(r->y, out_count(r));
    reference_pool_fwd(&d, r->x, y);
    if (d.pool == POOL_max)
        output_exact(y);
    else
        output_done(r, y, out_count(r), d.g.kh * d.g.kw, false);
}

static void pool_backward(layer_run *r) {
    const pool_desc d = pool_desc_of_run(r->layer, r->settings->n);
    const reference_output dx = output_into(r->dx, in_count(r));
    reference_pool_bwd(&d, r->x, r->dy, dx);
    output_done(r, dx, in_count(r), d.g.kh * d.g.kw, false);
}

static upsample_desc upsample_desc_of_run(const layer_run *r) {
    const layer *l = r->layer;
    return (upsample_desc){.bilinear = l->type == &layer_upsample_bilinear,
                           .n = r->settings->n,
                           .in_h = (int)l->in.h,
                           .in_w = (int)l->in.w,
                           .channels = (int)l->in.c,
                           .out_h = (int)l->out.h,
                           .out_w = (int)l->out.w};
}

static void upsample_forward(layer_run *r) {
    const upsample_desc d = upsample_desc_of_run(r);
    const reference_output y = output_into(r->y, out_count(r));
    reference_upsample_fwd(&d, r->x, y);
    if (d.bilinear)
        output_done(r, y, out_count(r), 4, false);
    else
        output_exact(y);
}

static void upsample_backward(layer_run *r) {
    const upsample_desc d = upsample_desc_of_run(r);
    const double share = (double)out_count(r) / (double)in_count(r);
    const reference_output dx = output_into(r->dx, in_count(r));
    reference_upsample_bwd(&d, r->dy, dx);
    output_done(r, dx, in_count(r), 4 * (share + 1), false);
}

static pixel_shuffle_desc shuffle_desc_of(const layer_run *r, clae_shape few, clae_shape many) {
    return (pixel_shuffle_desc){r->settings->n, (int)few.h, (int)few.w, (int)many.c, (int)r->layer->spec.stride_h};
}

static void shuffle_forward(layer_run *r) {
    const pixel_shuffle_desc d = shuffle_desc_of(r, r->layer->in, r->layer->out);
    reference_pixel_shuffle_fwd(&d, r->x, r->y);
}
static void shuffle_backward(layer_run *r) {
    const pixel_shuffle_desc d = shuffle_desc_of(r, r->layer->in, r->layer->out);
    reference_pixel_shuffle_bwd(&d, r->dy, r->dx);
}
static void unshuffle_forward(layer_run *r) {
    const pixel_shuffle_desc d = shuffle_desc_of(r, r->layer->out, r->layer->in);
    reference_pixel_shuffle_bwd(&d, r->x, r->y);
}
static void unshuffle_backward(layer_run *r) {
    const pixel_shuffle_desc d = shuffle_desc_of(r, r->layer->out, r->layer->in);
    reference_pixel_shuffle_fwd(&d, r->dy, r->dx);
}

/* ---- residual: the gradient of the skipped input is the network's affair */

static void residual_forward(layer_run *r) {
    const add_desc d = {out_count(r)};
    const reference_output y = output_into(r->y, d.count);
    reference_add(&d, r->x, r->skip, y);
    output_done(r, y, d.count, 1, false);
}

/* ---- all */

typedef struct layer_kind {
    const layer_type *type;
    void (*forward)(layer_run *run), (*backward)(layer_run *run);
} layer_kind;

static const layer_kind kinds[] = {
    {&layer_conv2d, conv_forward, conv_backward},
    {&layer_conv_transpose2d, conv_forward, conv_backward},
    {&layer_linear, conv_forward, conv_backward},
    {&layer_prelu, prelu_forward, prelu_backward},
    {&layer_dropout, dropout_forward, dropout_backward},
    {&layer_batch_norm, norm_forward, norm_backward},
    {&layer_group_norm, norm_forward, norm_backward},
#define POOL(stem, start, joined, scale, picks) {&layer_##stem##_pool2d, pool_forward, pool_backward},
#include "ops/pools.def"
#undef POOL
#define ACTIVATION(stem, title, usual, from, forward, backward)                                                        \
    {&layer_##stem, activation_forward, activation_backward},
#include "ops/activations.def"
#undef ACTIVATION
    {&layer_residual, residual_forward, copy_backward},
    {&layer_upsample_nearest, upsample_forward, upsample_backward},
    {&layer_upsample_bilinear, upsample_forward, upsample_backward},
    {&layer_pixel_shuffle, shuffle_forward, shuffle_backward},
    {&layer_pixel_unshuffle, unshuffle_forward, unshuffle_backward},
    {&layer_flatten, copy_forward, copy_backward},
    {&layer_unflatten, copy_forward, copy_backward},
};

static const layer_kind *kind_of(const layer *layer) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].type == layer->type) return &kinds[i];
    abort(); /* a layer type without a reference */
}

void reference_layer_forward(layer_run *run) {
    kind_of(run->layer)->forward(run);
}

void reference_layer_backward(layer_run *run) {
    kind_of(run->layer)->backward(run);
}

/* ---- kinks */

static double largest_difference(const double *a, const double *b, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(a[i] - b[i]));
    return largest;
}

/* What is 0 in both runs is so by a ReLU before. */
static bool is_near_zero(const double *x, const double *other, size_t count, double margin) {
    for (size_t i = 0; i < count; i++)
        if (fabs(x[i]) <= margin && (x[i] != 0 || other[i] != 0)) return true;
    return false;
}

/* Whether another element of the window is as large as the largest, but for the margin. Those that are equal in both
 * runs are copies of one number. */
static bool is_window_near(const conv_geometry *g, const double *x, const double *other, size_t image, int i, int j,
                           int c, double margin) {
    ptrdiff_t best = -1;
    for (int pass = 0; pass < 2; pass++)
        for (int k = 0; k < g->kh * g->kw; k++) {
            const int row = i * g->sh + k / g->kw - g->ph, column = j * g->sw + k % g->kw - g->pw;
            if (row < 0 || row >= g->wide_h || column < 0 || column >= g->wide_w) continue;
            const ptrdiff_t at = (((ptrdiff_t)image * g->wide_h + row) * g->wide_w + column) * (ptrdiff_t)g->wide_c + c;
            if (pass == 0 && (best < 0 || x[at] > x[best])) best = at;
            if (pass == 1 && at != best && x[best] - x[at] <= margin && (x[at] != x[best] || other[at] != other[best]))
                return true;
        }
    return false;
}

static bool is_pool_near(const layer *l, int n, const double *x, const double *other, double margin) {
    const conv_geometry g = geometry_of(l, n);
    for (int image = 0; image < n; image++)
        for (int i = 0; i < g.narrow_h; i++)
            for (int j = 0; j < g.narrow_w; j++)
                for (int c = 0; c < g.narrow_c; c++)
                    if (is_window_near(&g, x, other, (size_t)image, i, j, c, margin)) return true;
    return false;
}

bool reference_layer_is_near_kink(const layer *l, int n, const double *x, const double *other) {
    const size_t count = (size_t)n * shape_elements(l->in);
    if (l->type != &layer_relu && l->type != &layer_leaky_relu && l->type != &layer_prelu &&
        l->type != &layer_max_pool2d)
        return false;
    const double margin = largest_difference(x, other, count);
    return l->type == &layer_max_pool2d ? is_pool_near(l, n, x, other, 2 * margin)
                                        : is_near_zero(x, other, count, margin);
}
