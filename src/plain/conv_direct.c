#include "plain/conv_direct.h"
#include "base/memory.h"
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <stdlib.h>

enum { L2_BYTES = 256 * 1024 }; /* that images may take of it */

typedef struct correlation_instance {
    op_instance base;
    correlation c;
} correlation_instance;

static void set_full(correlation_axis *axis, int in_size) {
    const int room = in_size - axis->taps - axis->in_base; /* a * in_step may be at most this */
    axis->full_first = smaller(axis->in_base < 0 ? divide_up(-axis->in_base, axis->in_step) : 0, axis->count);
    axis->full_end = larger(room < 0 ? 0 : smaller(room / axis->in_step + 1, axis->count), axis->full_first);
}

static correlation_axis gather_axis(int narrow, int kernel, int stride, int pad) {
    return (correlation_axis){
        .count = narrow, .out_step = 1, .in_step = stride, .in_base = -pad, .taps = kernel, .kernel_step = 1};
}

/* Output j = first + a * stride takes the kernel rows r + t * stride, r = (first + pad) mod stride, from inputs
 * (first + pad - r) / stride + a - t; taps are numbered backwards so that inputs ascend. */
static correlation_axis spread_axis(int wide, int kernel, int stride, int pad, int first) {
    const int r = (first + pad) % stride;
    const int taps = r < kernel ? (kernel - 1 - r) / stride + 1 : 0;
    return (correlation_axis){.count = (wide - 1 - first) / stride + 1,
                              .out_first = first,
                              .out_step = stride,
                              .in_step = 1,
                              .in_base = (first + pad) / stride - (taps - 1),
                              .taps = taps,
                              .kernel_first = r + stride * (taps - 1),
                              .kernel_step = -stride};
}

static correlation_axis *make_axes(bool gather, int narrow, int wide, int kernel, int stride, int pad, int *count) {
    *count = gather ? 1 : smaller(stride, wide);
    correlation_axis *axes = calloc((size_t)*count, sizeof(*axes));
    if (!axes) return NULL;
    for (int i = 0; i < *count; i++) {
        axes[i] = gather ? gather_axis(narrow, kernel, stride, pad) : spread_axis(wide, kernel, stride, pad, i);
        set_full(&axes[i], gather ? wide : narrow);
    }
    return axes;
}

static void choose_blocks(correlation *c, const tile_limits *limits) {
    c->dot = c->out_c <= limits->width / 4 && c->in_c >= limits->width;
    c->padded_channels = c->dot ? c->out_c : divide_up(c->out_c, limits->width) * limits->width;
    c->blocks = c->dot ? c->out_c : divide_up(c->padded_channels / limits->width, limits->max_vectors);
}

correlation_block correlation_get_block(const correlation *c, const tile_limits *limits, int index) {
    if (c->dot) return (correlation_block){.channel = index, .channels = 1, .vectors = 1, .width = 1};
    const int width = limits->width, vectors = c->padded_channels / width;
    const int each = vectors / c->blocks, longer = vectors % c->blocks;
    correlation_block block = {.channel = (index * each + smaller(index, longer)) * width,
                               .vectors = each + (index < longer)};
    block.width = block.vectors * width;
    block.channels = smaller(c->out_c - block.channel, block.width);
    return block;
}

/* Many tasks, or as many for each thread, in each enough images for full tiles across images, but not more than the L2
 * cache holds. */
static int images_per_task(const correlation *c, const tile_limits *limits, int threads) {
    const correlation_block widest = correlation_get_block(c, limits, 0);
    const int full = c->dot ? 4 : limits->max_positions[widest.vectors];
    const double image_bytes = 4.0 * ((double)c->in_h * c->in_w * c->in_c + (double)c->out_h * c->out_w * c->out_c);
    const int fit = image_bytes < L2_BYTES ? (int)(L2_BYTES / image_bytes) : 1;
    const int images = larger(smaller(c->n / (8 * threads), fit) / full, 1) * full;
    if (c->n >= 8 * threads * images) return images;
    return divide_up(c->n, threads * larger(c->n / (threads * images), 1));
}

static correlation conv_direct_describe(const plain_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool gather = conv_kernel_of(desc->op) == CONV_GATHER;
    correlation c = {
        .n = g->n,
        .kernel_h = g->kh,
        .kernel_w = g->kw,
        .in_h = gather ? g->wide_h : g->narrow_h,
        .in_w = gather ? g->wide_w : g->narrow_w,
        .in_c = gather ? g->wide_c : g->narrow_c,
        .out_h = gather ? g->narrow_h : g->wide_h,
        .out_w = gather ? g->narrow_w : g->wide_w,
        .out_c = gather ? g->narrow_c : g->wide_c,
        .weight_is_out_in = gather == op_is_transposed(desc->op),
        .relu = conv_has_relu(desc) && conv_is_forward(desc->op),
    };
    choose_blocks(&c, &device->kernels->limits);
    c.images_per_task = images_per_task(&c, &device->kernels->limits, device->threads);
    c.y = make_axes(gather, g->narrow_h, g->wide_h, g->kh, g->sh, g->ph, &c.phases_y);
    c.x = make_axes(gather, g->narrow_w, g->wide_w, g->kw, g->sw, g->pw, &c.phases_x);
    return c;
}

/* The phase that row k of the kernel belongs to, and which of its taps it is; false when no output meets it. */
static bool find_tap(const correlation_axis *axes, int phases, int k, int *phase, int *tap) {
    for (*phase = 0; *phase < phases; *phase += 1) {
        const correlation_axis *axis = &axes[*phase];
        const int steps = (k - axis->kernel_first) / axis->kernel_step;
        if (steps < 0 || steps >= axis->taps || axis->kernel_first + steps * axis->kernel_step != k) continue;
        *tap = steps;
        return true;
    }
    return false;
}

static void pack_block(const correlation *c, const correlation_block *block, const float *weight, float *packed) {
    const ptrdiff_t in_step = c->weight_is_out_in ? 1 : c->out_c, out_step = c->weight_is_out_in ? c->in_c : 1;
    weight += block->channel * out_step;
    for (int i = 0; i < c->in_c; i++, packed += block->width, weight += in_step) {
        for (int o = 0; o < block->channels; o++) packed[o] = weight[o * out_step];
        for (int o = block->channels; o < block->width; o++) packed[o] = 0;
    }
}

static void pack_tap(const correlation *c, const tile_limits *limits, const float *weight, int ky, int kx,
                     float *packed) {
    int phase_y, phase_x, tap_y, tap_x;
    if (!find_tap(c->y, c->phases_y, ky, &phase_y, &tap_y) || !find_tap(c->x, c->phases_x, kx, &phase_x, &tap_x))
        return;
    const ptrdiff_t tap = (ptrdiff_t)tap_y * c->x[phase_x].taps + tap_x;
    const ptrdiff_t taps = (ptrdiff_t)c->y[phase_y].taps * c->x[phase_x].taps;
    packed += correlation_phase_offset(c, phase_y, phase_x);
    weight += ((ptrdiff_t)ky * c->kernel_w + kx) * c->in_c * c->out_c;
    for (int b = 0; b < c->blocks; b++) {
        const correlation_block block = correlation_get_block(c, limits, b);
        pack_block(c, &block, weight, packed + tap * c->in_c * block.width);
        packed += taps * c->in_c * block.width;
    }
}

static void conv_direct_pack(const plain_device *device, const correlation *c, const float *weight, float *packed) {
    const int taps = c->kernel_h * c->kernel_w;
    PLAIN_PARALLEL_FOR (device, tap, taps)
        pack_tap(c, &device->kernels->limits, weight, tap / c->kernel_w, tap % c->kernel_w, packed);
}

static void pack_bias(const correlation *c, const float *bias, float *packed) {
    for (int o = 0; o < c->padded_channels; o++) packed[o] = bias && o < c->out_c ? bias[o] : 0;
}

static clae_status conv_direct_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const correlation *c = &((correlation_instance *)instance)->c;
    const conv_operands o = conv_operands_of(instance, args);
    float *bias = plain_floats(args->workspace), *weights = bias + divide_up(c->padded_channels, 16) * 16;
    pack_bias(c, o.bias, bias);
    conv_direct_pack(device, c, o.weight, weights);
    const correlation_args a = {.in = o.in, .out = o.out, .mask = o.mask, .weights = weights, .bias = bias};
    const int tasks = divide_up(c->n, c->images_per_task);
    PLAIN_PARALLEL_FOR (device, i, tasks) {
        const int first = i * c->images_per_task;
        device->kernels->correlate(c, &a, first, smaller(first + c->images_per_task, c->n));
    }
    return CLAE_OK;
}

static void conv_direct_release(op_instance *instance) {
    correlation *c = &((correlation_instance *)instance)->c;
    free(c->y);
    free(c->x);
    free(instance);
}

static clae_status conv_direct_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(correlation_instance), conv_direct_run,
                                               conv_direct_release, instance);
    if (status != CLAE_OK) return status;
    correlation *c = &((correlation_instance *)*instance)->c;
    *c = conv_direct_describe(plain_device_of(device), desc);
    const conv_geometry *g = &desc->conv.g;
    const size_t factors[] = {(size_t)g->kh, (size_t)g->kw, (size_t)c->in_c, (size_t)c->padded_channels, sizeof(float)};
    size_t weight_bytes;
    if (!c->y || !c->x || !size_product(factors, ARRAY_LENGTH(factors), &weight_bytes)) {
        conv_direct_release(*instance);
        *instance = NULL;
        return fail_memory(device->context, sizeof(correlation_axis), op_name(desc->op));
    }
    (*instance)->workspace_bytes = (size_t)divide_up(c->padded_channels, 16) * 64 + weight_bytes;
    return CLAE_OK;
}

const op_impl plain_conv_direct = {.name = "direct", .supports = plain_conv_supports, .prepare = conv_direct_prepare};
