#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/conv_winograd.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <string.h>

typedef struct winograd_wgrad_instance {
    op_instance base;
    winograd_wgrad f;
    size_t scratch_floats; /* of a thread */
    size_t bias_floats;    /* of all splits */
} winograd_wgrad_instance;

winograd_wgrad winograd_wgrad_describe(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const int size = winograd_size(g);
    winograd_wgrad f = {.size = size,
                        .kernel_w = g->kw,
                        .grid = winograd_make_grid(desc),
                        .wide = winograd_wide(desc),
                        .narrow = winograd_narrow(desc),
                        .transposed = op_is_transposed(desc->op)};
    f.words = winograd_support_words(g);
    f.phase_words = winograd_support_phase(g);
    return f;
}

/* A slice of a split has its sums and its support. */
static winograd_wgrad conv_winograd_wgrad_describe(const op_desc *desc, const tile_limits *limits) {
    winograd_wgrad f = winograd_wgrad_describe(desc);
    winograd_store_vectors(&f.narrow, limits);
    f.sum_floats = (size_t)(f.size * f.size) * (size_t)f.wide.channels * (size_t)f.narrow.channels;
    f.wide_stride = winograd_stride(&f.grid, f.wide.channels);
    f.narrow_stride = winograd_stride(&f.grid, f.narrow.channels);
    f.splits = smaller(f.grid.groups, winograd_wgrad_splits(f.sum_floats));
    f.support_splits = f.splits;
    f.slice_floats = f.support_stride = f.sum_floats + winograd_support_count(&desc->conv.g);
    return f;
}

/* The gradient of the bias: the sums over all rows of dy, a group's share of them while it is in the cache. */
typedef struct bias_sums {
    const float *dy;
    size_t rows, channels;
    float *sums; /* [splits][channels]; NULL when not asked for */
} bias_sums;

static int first_group(const winograd_wgrad *f, int split) {
    return (int)((size_t)f->grid.groups * (size_t)split / (size_t)f->splits);
}

static void conv_winograd_wgrad_run_split(const plain_device *device, const winograd_wgrad *f,
                                          const winograd_wgrad_args *args, const bias_sums *bias, int split,
                                          float *sums, float *scratch) {
    const size_t groups = (size_t)f->grid.groups;
    const int first = first_group(f, split), end = first_group(f, split + 1);
    memset(sums + f->sum_floats, 0, (f->slice_floats - f->sum_floats) * sizeof(float)); /* the support */
    float *dbias = bias->sums ? bias->sums + (size_t)split * bias->channels : NULL;
    if (dbias) memset(dbias, 0, bias->channels * sizeof(float));
    for (int group = first; group < end; group++) {
        device->kernels->winograd_wgrad(f, args, group, group == first, sums, scratch);
        device->kernels->winograd_wgrad_support(f, args, group, f->grid.groups,
                                                args->support + (size_t)split * f->support_stride);
        if (!dbias) continue;
        const size_t row = (size_t)group * bias->rows / groups, row_end = (size_t)(group + 1) * bias->rows / groups;
        device->kernels->column_sums(bias->dy + row * bias->channels, row_end - row, bias->channels, dbias);
    }
}

static clae_status conv_winograd_wgrad_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const winograd_wgrad_instance *made = (winograd_wgrad_instance *)instance;
    const winograd_wgrad *f = &made->f;
    const conv_wgrad_operands o = conv_wgrad_operands_of(instance, args);
    float *workspace = plain_floats(args->workspace), *sums = workspace;
    const winograd_wgrad_args a = {.wide = o.wide,
                                   .narrow = o.narrow,
                                   .support = (uint32_t *)(void *)(workspace + f->sum_floats),
                                   .dweight = o.dweight};
    workspace += (size_t)f->splits * f->slice_floats;
    bias_sums bias = {.dy = o.dy,
                      .rows = conv_dy_pixels(&instance->desc),
                      .channels = (size_t)conv_dy_channels(&instance->desc)};
    if (o.dbias) bias.sums = workspace;
    float *scratch = workspace + made->bias_floats;
    PLAIN_PARALLEL_FOR (device, split, f->splits)
        conv_winograd_wgrad_run_split(device, f, &a, &bias, split, sums + (size_t)split * f->slice_floats,
                                      scratch + (size_t)plain_thread() * made->scratch_floats);
    PLAIN_PARALLEL_FOR (device, channel, f->wide.channels) {
        winograd_block row = winograd_whole_block(f);
        row.wide_first = channel;
        row.wide_count = 1;
        device->kernels->winograd_wgrad_finish(f, &a, &row, sums + channel * row.row_stride);
    }
    if (o.dbias) plain_add_partials(bias.sums, f->splits, bias.channels, o.dbias);
    return CLAE_OK;
}

static clae_status conv_winograd_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                               op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(winograd_wgrad_instance),
                                               conv_winograd_wgrad_run, plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    winograd_wgrad_instance *made = (winograd_wgrad_instance *)*instance;
    made->f = conv_winograd_wgrad_describe(desc, &plain_device_of(device)->kernels->limits);
    const winograd_wgrad *f = &made->f;
    const size_t channels = (size_t)conv_dy_channels(desc);
    made->scratch_floats = (size_t)f->size * (size_t)f->size * (size_t)(f->wide_stride + f->narrow_stride);
    made->bias_floats = ((size_t)f->splits * channels + 15) / 16 * 16;
    const size_t threads = (size_t)plain_threads(plain_device_of(device), f->splits);
    (*instance)->workspace_bytes =
        ((size_t)f->splits * f->slice_floats + made->bias_floats + threads * made->scratch_floats) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_winograd_wgrad = {.name = "winograd",
                                           .suits = plain_winograd_suits,
                                           .supports = plain_winograd_supports,
                                           .prepare = conv_winograd_wgrad_prepare,
                                           .mixing = WINOGRAD_MIXING};
