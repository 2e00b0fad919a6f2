/* Gather and spread by Winograd's algorithm, the tiles of many images at a time:
 * cl/conv_gather_spread_winograd_batched.cl; and what both algorithms in batches share. */
#include "opencl/conv/conv_winograd.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

/* A panel's sums, and the transformed weights of some input channels, stay in the second-level cache; for one element
 * of SIZE x SIZE both and the panel's inputs in the first. */
enum {
    MOST_VECTORS = 2, /* of a row of sums in registers */
    MOST_DEPTH = 64,  /* input channels */
    MOST_BLOCK = 32,  /* output channels, which share a pass over the inputs */
    PANEL_TILES = 64,
    MOST_PANELS = 8,                /* of a batch */
    BATCH_FLOATS = 2 * 1024 * 1024, /* of transformed inputs, which are to stay in the last cache */
    TASKS_PER_UNIT = 2,
    ITEMS_PER_UNIT = 4, /* which balance them */
    LINE = 16,          /* between elements of SIZE x SIZE */
};

enum { MOST_TILE_FLOATS = 64 * 1024 * 1024 }; /* of a batch */

enum { TRANSFORM, RUN }; /* launches */

typedef struct winograd_batched {
    opencl_instance opencl;
    conv_job job;
    winograd_batches batches;
    int block, in_stride;
    int items, scratch; /* work-items of a batch, and floats of each */
    size_t in_floats;
} winograd_batched;

winograd_batches conv_winograd_make_batches(const op_desc *desc, int most_tiles) {
    const winograd_grid grid = winograd_make_grid(desc);
    winograd_batches b = {.all = grid.n * grid.tiles_y * grid.tiles_x};
    b.tiles = smaller(b.all, most_tiles);
    b.count = divide_up(b.all, b.tiles);
    return b;
}

int conv_winograd_batch_stride(const winograd_batches *batches, int block) {
    return divide_up(batches->tiles * block, LINE) * LINE | LINE;
}

bool conv_winograd_can_batch(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    if (!opencl_supports_long_loops(device, desc) || !conv_has_relu_at_most(desc) || !winograd_can_batch(desc, 4) ||
        !conv_sizes_fit(desc, 1))
        return false;
    const winograd_grid grid = winograd_make_grid(desc);
    const size_t elements = (size_t)winograd_size(g) * (size_t)winograd_size(g);
    const size_t channels = (size_t)conv_winograd_phases(g) * ((size_t)g->wide_c + (size_t)g->narrow_c);
    return elements * WINOGRAD_MOST_BATCH_TILES * channels <= MOST_TILE_FLOATS &&
           (size_t)grid.n * (size_t)(grid.tiles_y * grid.tiles_x) <= INT_MAX;
}

bool conv_winograd_batch_suits(const clae_device *device, const op_desc *desc) {
    return opencl_is_cpu(device, desc) && winograd_batch_pays(desc);
}

clae_status conv_winograd_batch_kernels(opencl_instance *instance, const char *file, const char *options,
                                        const char *const *names, const winograd_batches *batches) {
    clae_status status = CLAE_OK;
    for (int i = 0; names[i] && status == CLAE_OK; i++) {
        opencl_launch *launch = &instance->launch[i];
        status =
            opencl_kernel_create(opencl_device_of(instance->base.device), file, options, names[i], &launch->kernel);
        launch->dimensions = 1;
        launch->local[0] = 1;
        opencl_launch_share(launch, (size_t)batches->count);
    }
    return status;
}

/* Of a panel. */
static int conv_winograd_batched_blocks(const winograd_batched *self) {
    const conv_sides *s = &self->job.sides;
    return (s->spread ? conv_winograd_phases(&self->opencl.base.desc.conv.g) : 1) * (s->out_c / self->block);
}

static int conv_winograd_batched_tasks(const winograd_batched *self, int tiles) {
    return divide_up(tiles, PANEL_TILES) * conv_winograd_batched_blocks(self);
}

static clae_status conv_winograd_batched_run_batch(winograd_batched *self, const op_args *args, int first) {
    opencl_launch *transform = &self->opencl.launch[TRANSFORM], *run = &self->opencl.launch[RUN];
    const conv_geometry *g = &self->opencl.base.desc.conv.g;
    const conv_job *job = &self->job;
    const view *operand = args->operand;
    const int tiles = smaller(self->batches.tiles, self->batches.all - first);
    clae_status status = opencl_kernel_set(
        &transform->kernel, OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace), arg_geometry(g),
                                        arg_int(job->sides.spread), arg_int(self->in_stride), arg_int(first)));
    transform->global[0] = (size_t)tiles;
    if (status == CLAE_OK) status = opencl_launch_run(transform);
    const int items = smaller(self->items, conv_winograd_batched_tasks(self, tiles));
    run->global[0] = (size_t)items;
    if (status == CLAE_OK)
        status = opencl_kernel_set(&run->kernel,
                                   OPENCL_ARGS(arg_view(args->workspace), arg_view(operand[CONV_IN_WEIGHT]),
                                               arg_view(conv_bias_of(job, args)), arg_view(conv_mask_of(job, args)),
                                               arg_view(operand[CONV_OUT]),
                                               arg_view(view_moved(args->workspace, self->in_floats)), arg_geometry(g),
                                               arg_int(job->sides.spread), arg_int(job->transposed), arg_int(job->relu),
                                               arg_int(self->in_stride), arg_int(first), arg_int(tiles), arg_int(items),
                                               arg_int(self->scratch)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

static clae_status conv_winograd_batched_run(op_instance *instance, const op_args *args) {
    winograd_batched *self = (winograd_batched *)instance;
    clae_status status = CLAE_OK;
    for (int first = 0; first < self->batches.all && status == CLAE_OK; first += self->batches.tiles)
        status = conv_winograd_batched_run_batch(self, args, first);
    return status;
}

/* Of a batch: as many as stay in the cache, of `floats` each, or more where threads would have too few tasks. */
static int conv_winograd_batched_panels(const winograd_batched *self, int floats) {
    const int wanted = TASKS_PER_UNIT * (int)self->opencl.base.device->info.compute_units;
    const int panels = larger(BATCH_FLOATS / floats, divide_up(wanted, conv_winograd_batched_blocks(self)));
    return larger(1, smaller(panels, MOST_PANELS));
}

/* Sizes and memory, given registers and the channels whose weights are transformed together. */
static void conv_winograd_batched_describe(winograd_batched *self, const winograd_tile *tile, int depth) {
    const op_desc *desc = &self->opencl.base.desc;
    const conv_geometry *g = &desc->conv.g;
    const int elements = winograd_size(g) * winograd_size(g), taps = winograd_taps(g);
    self->job = conv_job_of(desc);
    self->block = winograd_block_of(self->job.sides.out_c, tile->vectors * tile->lanes, MOST_BLOCK);
    const int in_c = conv_winograd_phases(g) * self->job.sides.in_c;
    self->batches = conv_winograd_make_batches(desc, conv_winograd_batched_panels(self, elements * in_c * PANEL_TILES) *
                                                         PANEL_TILES);
    self->in_stride = conv_winograd_batch_stride(&self->batches, depth);
    self->in_floats = (size_t)elements * (size_t)self->in_stride * (size_t)(in_c / depth);
    self->items = conv_winograd_choose_items(opencl_device_of(self->opencl.base.device), ITEMS_PER_UNIT,
                                             conv_winograd_batched_tasks(self, self->batches.tiles));
    self->scratch =
        elements * ((depth + PANEL_TILES) * self->block + 2 * LINE) + taps * taps * tile->lanes * tile->lanes;
    self->opencl.base.workspace_bytes = (self->in_floats + (size_t)self->items * (size_t)self->scratch) * sizeof(float);
}

static clae_status conv_winograd_batched_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                 op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(winograd_batched), conv_winograd_batched_run, instance);
    if (status != CLAE_OK) return status;
    winograd_batched *self = (winograd_batched *)*instance;
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const int lanes = conv_winograd_lanes(g, (int)opencl_device_of(device)->vector_width);
    const winograd_tile tile = conv_winograd_fit_tile(lanes, MOST_VECTORS, s.out_c, PANEL_TILES);
    const int depth = winograd_block_of(s.spread ? s.in_c : conv_winograd_wide_c(g), lanes, MOST_DEPTH);
    conv_winograd_batched_describe(self, &tile, depth);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(
        options, "-DTAPS=%d -DSIZE=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d -DDEPTH=%d -DPANEL=%d -DBLOCK=%d",
        winograd_taps(g), winograd_size(g), tile.lanes, tile.vectors, tile.positions, depth, PANEL_TILES, self->block);
    status = conv_winograd_batch_kernels(&self->opencl, "conv_gather_spread_winograd_batched.cl", options,
                                         (const char *const[]){"conv_transform", "conv_run", NULL}, &self->batches);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_conv_winograd_batched = {
    .name = "winograd_batched",
    .suits = conv_winograd_batch_suits,
    .supports = conv_winograd_can_batch,
    .prepare = conv_winograd_batched_prepare,
    .mixing = WINOGRAD_MIXING,
};
