/* Gather and spread by Winograd's algorithm where channels are many and images small: transformed weights would outgrow
 * the cache, so a task takes few channels of the output, and all tiles of many images. */
#include "plain/conv_winograd_batched.h"
#include "base/numbers.h"
#include "plain/conv_operands.h"
#include "plain/impls.h"
#include "plain/parallel.h"

enum {
    PANEL_VECTORS = 2,
    PANEL_TILES = 128,
    PANEL_DEPTH = 128, /* channels whose transformed weights are in the cache together */
};

typedef struct winograd_batched {
    op_instance base;
    winograd w;
    winograd_batches batches;
    int panel_groups; /* of tiles */
    size_t in_floats, scratch_floats;
} winograd_batched;

winograd_batches winograd_make_batches(const winograd_grid *grid) {
    winograd_batches b = {.groups = larger(1, WINOGRAD_BATCH_TILES / grid->most_tiles)};
    b.groups = smaller(b.groups, grid->groups);
    b.tiles = b.groups * grid->most_tiles;
    return b;
}

ptrdiff_t winograd_batch_stride(const winograd_batches *batches, int channels) {
    return ((ptrdiff_t)batches->tiles * channels + 15) / 16 * 16 | 16;
}

static bool conv_winograd_batched_supports(const clae_device *device, const op_desc *desc) {
    return conv_has_relu_at_most(desc) && winograd_can_batch(desc, plain_device_of(device)->kernels->limits.width);
}

bool plain_winograd_batched_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    return winograd_batch_pays(desc);
}

static int conv_winograd_batched_phases(const winograd *w) {
    return w->spread ? w->stride * w->stride : 1;
}

/* Tasks are the parts of the groups first .. end - 1, for each of them the phases of the output, and the blocks of its
 * channels. */
static winograd_panel conv_winograd_batched_panel(const winograd_batched *self, int first, int end, int task) {
    const winograd *w = &self->w;
    const int blocks = w->out.c / w->block, phases = conv_winograd_batched_phases(w);
    winograd_panel p = {.out = task % blocks * w->block,
                        .phase = task / blocks % phases,
                        .group_first = first + task / blocks / phases * self->panel_groups};
    p.group_end = smaller(p.group_first + self->panel_groups, end);
    p.tiles = winograd_tiles_of(&w->grid, p.group_first, p.group_end);
    return p;
}

static void conv_winograd_batched_run_batch(const plain_device *device, const winograd_batched *self,
                                            const winograd_args *a, const float *weight, int first, float *workspace) {
    const winograd *w = &self->w;
    float *in = workspace, *scratch = in + self->in_floats;
    const int end = smaller(first + self->batches.groups, w->grid.groups);
    const size_t before = winograd_tiles_before(&w->grid, first);
    PLAIN_PARALLEL_FOR (device, i, end - first) {
        const int group = first + i;
        const size_t tile = winograd_tiles_before(&w->grid, group) - before;
        device->kernels->winograd_in(w, a, group, in + tile * (size_t)w->in.block);
    }
    const int tasks =
        divide_up(end - first, self->panel_groups) * conv_winograd_batched_phases(w) * (w->out.c / w->block);
    PLAIN_PARALLEL_FOR (device, i, tasks) {
        winograd_panel p = conv_winograd_batched_panel(self, first, end, i);
        p.in = in + (winograd_tiles_before(&w->grid, p.group_first) - before) * (size_t)w->in.block;
        p.weight = weight;
        device->kernels->winograd_panel(w, a, &p, scratch + (size_t)plain_thread() * self->scratch_floats);
    }
}

static clae_status conv_winograd_batched_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const winograd_batched *self = (winograd_batched *)instance;
    const conv_operands o = conv_operands_of(instance, args);
    const winograd_args a = {.in = o.in, .out = o.out, .mask = o.mask, .bias = o.bias};
    for (int first = 0; first < self->w.grid.groups; first += self->batches.groups)
        conv_winograd_batched_run_batch(device, self, &a, o.weight, first, plain_floats(args->workspace));
    return CLAE_OK;
}

static void conv_winograd_batched_describe(winograd_batched *self, const plain_kernels *kernels, const op_desc *desc) {
    self->w = winograd_describe(desc);
    winograd *w = &self->w;
    const int lanes = kernels->limits.width;
    w->block = w->out.c % (lanes * PANEL_VECTORS) == 0 ? lanes * PANEL_VECTORS : lanes;
    w->in.block = winograd_block_of(w->spread ? w->in.c : w->in.channels, lanes, PANEL_DEPTH);
    self->batches = winograd_make_batches(&w->grid);
    w->in_stride = winograd_batch_stride(&self->batches, w->in.block);
    self->panel_groups = smaller(larger(1, PANEL_TILES / w->grid.most_tiles), self->batches.groups);
    self->in_floats = (size_t)(w->size * w->size) * (size_t)w->in_stride * (size_t)(w->in.channels / w->in.block);
    self->scratch_floats = kernels->winograd_panel_floats(w, self->panel_groups * w->grid.most_tiles);
}

static clae_status conv_winograd_batched_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                 op_instance **instance) {
    clae_status status = plain_instance_create(device, desc, choice, sizeof(winograd_batched),
                                               conv_winograd_batched_run, plain_instance_free, instance);
    if (status != CLAE_OK) return status;
    winograd_batched *self = (winograd_batched *)*instance;
    conv_winograd_batched_describe(self, plain_device_of(device)->kernels, desc);
    (*instance)->workspace_bytes =
        (self->in_floats + (size_t)plain_device_of(device)->threads * self->scratch_floats) * sizeof(float);
    return CLAE_OK;
}

const op_impl plain_conv_winograd_batched = {.name = "winograd_batched",
                                             .suits = plain_winograd_batched_suits,
                                             .supports = conv_winograd_batched_supports,
                                             .prepare = conv_winograd_batched_prepare,
                                             .mixing = WINOGRAD_MIXING};
