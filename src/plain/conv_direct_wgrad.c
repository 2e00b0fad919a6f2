#include "plain/conv_direct_wgrad.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <stdlib.h>
#include <string.h>

enum {
    GROUP_BYTES = 24 * 1024, /* of sums that one task updates: part of the L1 cache */
    CHUNK_BYTES = 80 * 1024, /* of rows that pass over them: within the L2 cache, so that sums are seldom loaded */
    MAX_SPLITS = 16,
    SPLIT_FLOPS = 8 * 1000 * 1000, /* less than that is not worth a partial sum */
};

typedef struct wgrad_instance {
    op_instance base;
    wgrad f;
} wgrad_instance;

static clae_status make_segments(const clae_device *device, wgrad *f) {
    const conv_geometry *g = &f->g;
    f->segments = calloc((size_t)g->kw, sizeof(*f->segments));
    if (!f->segments) return fail_memory(device->context, (size_t)g->kw * sizeof(*f->segments), "a convolution");
    if (g->pw == 0 && (g->narrow_w - 1) * g->sw + g->kw <= g->wide_w) {
        f->segments[f->segment_count++] = (wgrad_segment){.length = g->kw * g->wide_c, .positions = g->narrow_w};
        return CLAE_OK;
    }
    for (int tap = 0; tap < g->kw; tap++) {
        const conv_range inside = conv_positions_inside(tap, g->narrow_w, g->wide_w, g->sw, g->pw);
        if (inside.first == inside.end) continue;
        f->segments[f->segment_count++] = (wgrad_segment){.first = tap * g->wide_c,
                                                          .length = g->wide_c,
                                                          .position_first = inside.first,
                                                          .positions = inside.end - inside.first};
    }
    return CLAE_OK;
}

static void choose_sizes(wgrad *f, const tile_limits *limits, double flops) {
    const conv_geometry *g = &f->g;
    f->padded_channels = divide_up(g->narrow_c, limits->width) * limits->width;
    const double group_row_bytes = 4.0 * g->kw * g->wide_c * f->padded_channels;
    f->rows_per_group =
        group_row_bytes * g->kh <= GROUP_BYTES ? g->kh : larger(1, (int)(GROUP_BYTES / group_row_bytes));
    f->groups = divide_up(g->kh, f->rows_per_group);
    const double row_bytes = 4.0 * g->narrow_w * (f->padded_channels + (double)g->sw * g->wide_c);
    f->rows_per_chunk = smaller(larger(1, (int)(CHUNK_BYTES / row_bytes)), WGRAD_MAX_ROWS);
    const int splits = flops / SPLIT_FLOPS > MAX_SPLITS ? MAX_SPLITS : (int)(flops / SPLIT_FLOPS) + 1;
    f->splits = smaller(splits, g->n);
}

/* Workspace: partial sums, partial sums of the bias' gradient, and narrow with its channels padded. */
typedef struct layout {
    size_t partials, bias_partials, padded, floats;
} layout;

static size_t whole_lines(size_t floats) {
    return (floats + 15) / 16 * 16;
}

static layout conv_direct_wgrad_lay_out(const wgrad *f, const conv_desc *desc, bool transposed) {
    const conv_geometry *g = &f->g;
    const size_t narrow_rows = (size_t)g->n * g->narrow_h * g->narrow_w;
    const size_t bias_floats = (size_t)f->splits * (size_t)(transposed ? g->wide_c : g->narrow_c);
    layout at = {0};
    at.bias_partials = at.partials + whole_lines((size_t)f->splits * f->partial_floats);
    at.padded = at.bias_partials + (desc->with_bias ? whole_lines(bias_floats) : 0);
    at.floats = at.padded + (f->padded_channels != g->narrow_c ? narrow_rows * (size_t)f->padded_channels : 0);
    return at;
}

static void pad_channels(const plain_device *device, const wgrad *f, const float *narrow, float *padded) {
    const size_t channels = (size_t)f->g.narrow_c, width = (size_t)f->padded_channels;
    const size_t rows = (size_t)f->g.narrow_h * f->g.narrow_w;
    PLAIN_PARALLEL_FOR (device, n, f->g.n) {
        for (size_t r = (size_t)n * rows; r < (size_t)(n + 1) * rows; r++) {
            memcpy(padded + r * width, narrow + r * channels, channels * sizeof(float));
            memset(padded + r * width + channels, 0, (width - channels) * sizeof(float));
        }
    }
}

/* Adds the partial sums of one tap in order, into [wide_c][narrow_c] or, transposed, [narrow_c][wide_c]. */
static void add_partials(const wgrad *f, float *partials, int tap, bool transposed, float *dweight) {
    const size_t wide_c = (size_t)f->g.wide_c, narrow_c = (size_t)f->g.narrow_c, width = (size_t)f->padded_channels;
    const size_t count = wide_c * width;
    float *sums = partials + (size_t)tap * count, *out = dweight + (size_t)tap * wide_c * narrow_c;
    for (int s = 1; s < f->splits; s++)
        for (size_t i = 0; i < count; i++) sums[i] += sums[(size_t)s * f->partial_floats + i];
    for (size_t c = 0; c < wide_c; c++)
        for (size_t o = 0; o < narrow_c; o++) out[transposed ? o * wide_c + c : c * narrow_c + o] = sums[c * width + o];
}

static clae_status conv_direct_wgrad_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const wgrad *f = &((wgrad_instance *)instance)->f;
    const conv_geometry *g = &f->g;
    const bool transposed = op_is_transposed(instance->desc.op);
    const layout at = conv_direct_wgrad_lay_out(f, &instance->desc.conv, transposed);
    const conv_wgrad_operands o = conv_wgrad_operands_of(instance, args);
    float *workspace = plain_floats(args->workspace);
    wgrad_args a = {.wide = o.wide, .narrow = o.narrow, .partials = workspace + at.partials};
    if (o.dbias) {
        a.dy = o.dy;
        a.dy_rows = transposed ? g->wide_h * g->wide_w : g->narrow_h * g->narrow_w;
        a.dy_channels = conv_dy_channels(&instance->desc);
        a.bias_partials = workspace + at.bias_partials;
    }
    if (f->padded_channels != g->narrow_c) {
        pad_channels(device, f, a.narrow, workspace + at.padded);
        a.narrow = workspace + at.padded;
    }
    const int tasks = f->splits * f->groups;
    PLAIN_PARALLEL_FOR (device, i, tasks) device->kernels->wgrad(f, &a, i / f->groups, i % f->groups);
    PLAIN_PARALLEL_FOR (device, tap, g->kh * g->kw) add_partials(f, a.partials, tap, transposed, o.dweight);
    if (o.dbias) plain_add_partials(a.bias_partials, f->splits, (size_t)a.dy_channels, o.dbias);
    return CLAE_OK;
}

static void conv_direct_wgrad_release(op_instance *instance) {
    free(((wgrad_instance *)instance)->f.segments);
    free(instance);
}

static clae_status conv_direct_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                             op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(wgrad_instance), conv_direct_wgrad_run,
                                               conv_direct_wgrad_release, instance);
    if (status != CLAE_OK) return status;
    wgrad *f = &((wgrad_instance *)*instance)->f;
    f->g = desc->conv.g;
    choose_sizes(f, &plain_device_of(device)->kernels->limits, op_flops(desc));
    f->partial_floats = (size_t)f->g.kh * f->g.kw * f->g.wide_c * f->padded_channels;
    status = make_segments(device, f);
    if (status != CLAE_OK) {
        conv_direct_wgrad_release(*instance);
        *instance = NULL;
        return status;
    }
    (*instance)->workspace_bytes =
        conv_direct_wgrad_lay_out(f, &desc->conv, op_is_transposed(desc->op)).floats * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_direct_wgrad = {
    .name = "direct", .supports = plain_supports_all, .prepare = conv_direct_wgrad_prepare};
