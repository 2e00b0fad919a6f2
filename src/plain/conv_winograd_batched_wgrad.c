/* Gradients of weights by Winograd's algorithm where channels are many and images small: sums outgrow the cache, so a
 * task takes few channels of both images, and all tiles of many images. */
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/conv_winograd_batched.h"
#include "plain/impls.h"
#include "plain/parallel.h"

#include <string.h>

enum { SUPPORT_SPLITS = 8, BLOCK_WIDE = 32, BLOCK_NARROW = 64 };

typedef struct winograd_batched_wgrad {
    op_instance base;
    winograd_wgrad f;
    winograd_batches batches;
    int wide_blocks, narrow_blocks; /* of channels; those of wide do not go from one phase to another */
    bool in_one_batch;
    size_t support_words, wide_floats, narrow_floats, sum_floats; /* sums: of a block, or of all */
} winograd_batched_wgrad;

static bool conv_winograd_batched_wgrad_supports(const clae_device *device, const op_desc *desc) {
    return winograd_can_batch(desc, plain_device_of(device)->kernels->limits.width);
}

/* Its sums are apart, or in those of all. */
static winograd_block conv_winograd_batched_wgrad_block(const winograd_batched_wgrad *self, int task) {
    const winograd_wgrad *f = &self->f;
    winograd_block b = winograd_whole_block(f);
    b.wide_first = task / self->narrow_blocks * f->wide.block;
    b.wide_count = f->wide.block;
    b.narrow_first = task % self->narrow_blocks * f->narrow.block;
    b.narrow_count = f->narrow.block;
    if (!self->in_one_batch) return b;
    b.row_stride = b.narrow_count;
    b.element_stride = (ptrdiff_t)b.wide_count * b.narrow_count;
    return b;
}

/* The memory of a batch's tiles and of sums. */
typedef struct batch_memory {
    float *wide, *narrow, *sums;
} batch_memory;

static void conv_winograd_batched_wgrad_run_block(const plain_device *device, const winograd_batched_wgrad *self,
                                                  const winograd_wgrad_args *a, int tiles, bool is_first, bool is_last,
                                                  int task, const batch_memory *m) {
    const winograd_wgrad *f = &self->f;
    const winograd_block b = conv_winograd_batched_wgrad_block(self, task);
    float *sums = m->sums;
    if (self->in_one_batch)
        sums += (size_t)plain_thread() * self->sum_floats;
    else
        sums += (ptrdiff_t)b.wide_first * b.row_stride + b.narrow_first;
    device->kernels->winograd_wgrad_multiply(f, &b, tiles, is_first, m->wide, m->narrow, sums);
    if (is_last) device->kernels->winograd_wgrad_finish(f, a, &b, sums);
}

static void conv_winograd_batched_wgrad_run_batch(const plain_device *device, const winograd_batched_wgrad *self,
                                                  const winograd_wgrad_args *a, int first, const batch_memory *m) {
    const winograd_wgrad *f = &self->f;
    const int end = smaller(first + self->batches.groups, f->grid.groups);
    const size_t before = winograd_tiles_before(&f->grid, first);
    PLAIN_PARALLEL_FOR (device, i, end - first) {
        const int group = first + i;
        const size_t tile = winograd_tiles_before(&f->grid, group) - before;
        device->kernels->winograd_wgrad_in(f, a, group, m->wide + tile * (size_t)f->wide.block,
                                           m->narrow + tile * (size_t)f->narrow.block);
    }
    const int tiles = winograd_tiles_of(&f->grid, first, end);
    const int tasks = self->wide_blocks * self->narrow_blocks;
    PLAIN_PARALLEL_FOR (device, i, tasks)
        conv_winograd_batched_wgrad_run_block(device, self, a, tiles, first == 0, end == f->grid.groups, i, m);
}

static void conv_winograd_batched_wgrad_find_support(const plain_device *device, const winograd_batched_wgrad *self,
                                                     const winograd_wgrad_args *a) {
    const winograd_wgrad *f = &self->f;
    PLAIN_PARALLEL_FOR (device, i, f->support_splits) {
        uint32_t *support = a->support + (size_t)i * f->support_stride;
        memset(support, 0, f->support_stride * sizeof(*support));
        device->kernels->winograd_wgrad_support(f, a, i, f->support_splits, support);
    }
}

static clae_status conv_winograd_batched_wgrad_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const winograd_batched_wgrad *self = (winograd_batched_wgrad *)instance;
    const winograd_wgrad *f = &self->f;
    const conv_wgrad_operands o = conv_wgrad_operands_of(instance, args);
    float *workspace = plain_floats(args->workspace);
    const winograd_wgrad_args a = {
        .wide = o.wide, .narrow = o.narrow, .support = (uint32_t *)(void *)workspace, .dweight = o.dweight};
    workspace += self->support_words;
    conv_winograd_batched_wgrad_find_support(device, self, &a);
    const batch_memory m = {workspace, workspace + self->wide_floats,
                            workspace + self->wide_floats + self->narrow_floats};
    for (int first = 0; first < f->grid.groups; first += self->batches.groups)
        conv_winograd_batched_wgrad_run_batch(device, self, &a, first, &m);
    if (o.dbias)
        plain_sum_columns(device, o.dy, conv_dy_pixels(&instance->desc), (size_t)conv_dy_channels(&instance->desc),
                          workspace, o.dbias);
    return CLAE_OK;
}

static void conv_winograd_batched_wgrad_describe(winograd_batched_wgrad *self, const op_desc *desc, int lanes) {
    self->f = winograd_wgrad_describe(desc);
    winograd_wgrad *f = &self->f;
    f->splits = 1;
    f->support_splits = smaller(SUPPORT_SPLITS, desc->conv.g.n);
    f->support_stride = winograd_support_count(&desc->conv.g);
    self->batches = winograd_make_batches(&f->grid);
    self->in_one_batch = self->batches.groups == f->grid.groups;
    f->wide.block = winograd_block_of(f->wide.c, lanes, BLOCK_WIDE);
    f->narrow.block = winograd_block_of(f->narrow.c, lanes, BLOCK_NARROW);
    f->wide_stride = winograd_batch_stride(&self->batches, f->wide.block);
    f->narrow_stride = winograd_batch_stride(&self->batches, f->narrow.block);
    self->wide_blocks = f->wide.channels / f->wide.block;
    self->narrow_blocks = f->narrow.c / f->narrow.block;
    const size_t elements = (size_t)(f->size * f->size);
    f->sum_floats = elements * (size_t)f->wide.channels * (size_t)f->narrow.channels;
    self->support_words = (size_t)f->support_splits * f->support_stride;
    self->wide_floats = elements * (size_t)f->wide_stride * (size_t)self->wide_blocks;
    self->narrow_floats = elements * (size_t)f->narrow_stride * (size_t)self->narrow_blocks;
    self->sum_floats = self->in_one_batch ? elements * BLOCK_WIDE * BLOCK_NARROW : f->sum_floats;
}

static clae_status conv_winograd_batched_wgrad_prepare(clae_device *device, const op_desc *desc,
                                                       const op_choice *choice, op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(winograd_batched_wgrad),
                                               conv_winograd_batched_wgrad_run, plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    winograd_batched_wgrad *self = (winograd_batched_wgrad *)*instance;
    conv_winograd_batched_wgrad_describe(self, desc, plain_device_of(device)->kernels->limits.width);
    const size_t bias_floats = plain_sum_columns_floats(conv_dy_pixels(desc), (size_t)conv_dy_channels(desc));
    const size_t sums = self->in_one_batch ? (size_t)plain_device_of(device)->threads : 1;
    const size_t batch_floats = self->wide_floats + self->narrow_floats + sums * self->sum_floats;
    (*instance)->workspace_bytes = (self->support_words + larger_size(batch_floats, bias_floats)) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_winograd_batched_wgrad = {.name = "winograd_batched",
                                                   .suits = plain_winograd_batched_suits,
                                                   .supports = conv_winograd_batched_wgrad_supports,
                                                   .prepare = conv_winograd_batched_wgrad_prepare,
                                                   .mixing = WINOGRAD_MIXING};
