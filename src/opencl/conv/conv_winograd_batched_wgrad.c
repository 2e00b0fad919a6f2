/* Gradients of weights by Winograd's algorithm, the tiles of many images at a time: cl/conv_wgrad_winograd_batched.cl.
 */
#include "opencl/conv/conv_winograd.h"
#include "opencl/impls.h"

#include "base/numbers.h"

enum {
    ITEMS_PER_UNIT = 4, /* which balance them */
    MOST_VECTORS = 2,   /* of a row of sums in registers */
    MOST_WIDE = 32,     /* channels of a task, whose sums stay in the cache */
    MOST_NARROW = 64,
    MOST_PARTS = 8, /* of the batch, for the support and dbias */
};

enum { SUPPORT, TRANSFORM, RUN }; /* launches */

typedef struct winograd_batched_wgrad {
    opencl_instance opencl;
    conv_job job;
    winograd_batches batches;
    int wide_stride, narrow_stride;
    int chunk, parts; /* images of a part, and their number */
    int tasks, items;
    size_t slice;                                /* floats of a part: dbias, and the support */
    size_t wide_place, narrow_place, sums_place; /* in the workspace, after the parts */
} winograd_batched_wgrad;

static clae_status conv_winograd_batched_wgrad_run_parts(winograd_batched_wgrad *self, const conv_wgrad_views *v,
                                                         view work) {
    opencl_launch *support = &self->opencl.launch[SUPPORT];
    const clae_status status =
        opencl_kernel_set(&support->kernel, OPENCL_ARGS(arg_view(v->wide), arg_view(v->narrow), arg_view(work),
                                                        arg_geometry(&self->opencl.base.desc.conv.g),
                                                        arg_int(self->chunk), arg_int(self->job.transposed),
                                                        arg_int(self->job.dbias_count), arg_ulong(self->slice)));
    return status == CLAE_OK ? opencl_launch_run(support) : status;
}

static clae_status conv_winograd_batched_wgrad_run_batch(winograd_batched_wgrad *self, const conv_wgrad_views *v,
                                                         view work, int first) {
    opencl_launch *transform = &self->opencl.launch[TRANSFORM], *run = &self->opencl.launch[RUN];
    const conv_geometry *g = &self->opencl.base.desc.conv.g;
    const view wide_tiles = view_moved(work, self->wide_place), narrow_tiles = view_moved(work, self->narrow_place);
    const int tiles = smaller(self->batches.tiles, self->batches.all - first);
    clae_status status = opencl_kernel_set(
        &transform->kernel,
        OPENCL_ARGS(arg_view(v->wide), arg_view(v->narrow), arg_view(wide_tiles), arg_view(narrow_tiles),
                    arg_geometry(g), arg_int(self->wide_stride), arg_int(self->narrow_stride), arg_int(first)));
    transform->global[0] = (size_t)tiles;
    if (status == CLAE_OK) status = opencl_launch_run(transform);
    if (status == CLAE_OK)
        status = opencl_kernel_set(
            &run->kernel,
            OPENCL_ARGS(arg_view(wide_tiles), arg_view(narrow_tiles), arg_view(view_moved(work, self->sums_place)),
                        arg_view(work), arg_view(v->dweight), arg_view(v->dbias), arg_geometry(g),
                        arg_int(self->wide_stride), arg_int(self->narrow_stride), arg_int(tiles), arg_int(first == 0),
                        arg_int(first + tiles == self->batches.all), arg_int(self->parts),
                        arg_int(self->job.transposed), arg_int(self->job.dbias_count), arg_ulong(self->slice),
                        arg_int(self->items)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

static clae_status conv_winograd_batched_wgrad_run(op_instance *instance, const op_args *args) {
    winograd_batched_wgrad *self = (winograd_batched_wgrad *)instance;
    const conv_wgrad_views v = conv_wgrad_views_of(&self->job, args);
    clae_status status = conv_winograd_batched_wgrad_run_parts(self, &v, args->workspace);
    for (int first = 0; first < self->batches.all && status == CLAE_OK; first += self->batches.tiles)
        status = conv_winograd_batched_wgrad_run_batch(self, &v, args->workspace, first);
    return status;
}

/* Sizes and memory, given the channels of a task. */
static void conv_winograd_batched_wgrad_describe(winograd_batched_wgrad *self, int wide, int narrow) {
    const op_desc *desc = &self->opencl.base.desc;
    const conv_geometry *g = &desc->conv.g;
    const size_t elements = (size_t)winograd_size(g) * (size_t)winograd_size(g);
    const int wide_blocks = conv_winograd_wide_c(g) / wide, narrow_blocks = g->narrow_c / narrow;
    self->job = conv_job_of(desc);
    self->batches = conv_winograd_make_batches(desc, WINOGRAD_MOST_BATCH_TILES);
    self->wide_stride = conv_winograd_batch_stride(&self->batches, wide);
    self->narrow_stride = conv_winograd_batch_stride(&self->batches, narrow);
    self->tasks = wide_blocks * narrow_blocks;
    self->items = conv_winograd_choose_items(opencl_device_of(self->opencl.base.device), ITEMS_PER_UNIT, self->tasks);
    conv_split_batch(g->n, MOST_PARTS, &self->chunk, &self->parts);
    self->slice = (size_t)self->job.dbias_count + winograd_support_count(g);
    self->wide_place = (size_t)self->parts * self->slice;
    self->narrow_place = self->wide_place + elements * (size_t)self->wide_stride * (size_t)wide_blocks;
    self->sums_place = self->narrow_place + elements * (size_t)self->narrow_stride * (size_t)narrow_blocks;
    const size_t sums = (size_t)(self->batches.count == 1 ? self->items : self->tasks);
    self->opencl.base.workspace_bytes = (self->sums_place + sums * elements * (size_t)(wide * narrow)) * sizeof(float);
    self->opencl.launch[SUPPORT].global[0] = (size_t)self->parts;
    self->opencl.launch[RUN].global[0] = (size_t)self->items;
}

static clae_status conv_winograd_batched_wgrad_prepare(clae_device *device, const op_desc *desc,
                                                       const op_choice *choice, op_instance **instance) {
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(winograd_batched_wgrad),
                                                conv_winograd_batched_wgrad_run, instance);
    if (status != CLAE_OK) return status;
    winograd_batched_wgrad *self = (winograd_batched_wgrad *)*instance;
    const conv_geometry *g = &desc->conv.g;
    const int lanes = conv_winograd_lanes(g, (int)opencl_device_of(device)->vector_width);
    const int wide = winograd_block_of(g->wide_c, lanes, MOST_WIDE),
              narrow = winograd_block_of(g->narrow_c, lanes, MOST_NARROW);
    const winograd_tile tile = conv_winograd_fit_tile(lanes, MOST_VECTORS, narrow, MOST_WIDE);
    conv_winograd_batched_wgrad_describe(self, wide, narrow);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options,
                     "-DTAPS=%d -DSIZE=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d -DWIDE_BLOCK=%d -DNARROW_BLOCK=%d",
                     winograd_taps(g), winograd_size(g), tile.lanes, tile.vectors, tile.positions, wide, narrow);
    status = conv_winograd_batch_kernels(
        &self->opencl, "conv_wgrad_winograd_batched.cl", options,
        (const char *const[]){"conv_wgrad_support", "conv_wgrad_transform", "conv_wgrad_run", NULL}, &self->batches);
    return opencl_instance_finish(instance, status);
}

const op_impl opencl_conv_winograd_batched_wgrad = {
    .name = "winograd_batched",
    .suits = conv_winograd_batch_suits,
    .supports = conv_winograd_can_batch,
    .prepare = conv_winograd_batched_wgrad_prepare,
    .mixing = WINOGRAD_MIXING,
};
