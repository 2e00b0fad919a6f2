/* batch_norm in one launch or two, for devices whose work-groups share local memory: cl/norm_blocks.cl. */
#include "ops/norm.h"

#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/op_kind.h"

#include <stdio.h>

enum {
    VECTOR = 4,
    FEW_ITEMS = 256,
    MANY_ITEMS = 512, /* where they hold all rows */
    MOST_HELD = 4,    /* vectors of an item that holds all rows of its channels */
    ROWS = 4,         /* vectors of an item at a time, in chunks */
    MOST_WIDTH = 4,
    MOST_MERGED = 4,
    CHUNKS_PER_UNIT = 2, /* work-groups */
    PIECES_PER_UNIT = 4,
    FEWEST_UNITS = 64, /* that there are work-groups for */
};
enum { FIRST, APPLY }; /* launches: everything, or of chunks, and then of pieces */

typedef struct norm_blocks_instance {
    opencl_instance base;
    norm_sets sets;
    size_t chunk, chunks, piece; /* chunks: 0 where there is one launch */
    size_t second_part;          /* of the workspace, in floats */
} norm_blocks_instance;

static bool norm_blocks_is_bwd(op_id op) {
    return op == OP_batch_norm_bwd;
}

static view norm_blocks_second(const norm_blocks_instance *self, const op_args *args) {
    return view_moved(args->workspace, self->second_part);
}

static opencl_arg norm_blocks_share_of_row(const norm_blocks_instance *self) {
    return arg_float(1 / (float)self->sets.rows);
}

static clae_status norm_blocks_run_moments(norm_blocks_instance *self, const op_args *args) {
    opencl_launch *launch = &self->base.launch[FIRST];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[NORM_FWD_X]), arg_view(args->workspace),
                                     arg_view(norm_blocks_second(self, args)), arg_uint(self->sets.rows),
                                     arg_uint(self->sets.channels), arg_uint(self->chunk)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_apply(norm_blocks_instance *self, const op_args *args) {
    const norm_desc *d = &self->base.base.desc.norm;
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[APPLY];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_FWD_X]), arg_view(args->workspace), arg_view(norm_blocks_second(self, args)),
                    arg_view(operand[NORM_FWD_WEIGHT]), arg_view(operand[NORM_FWD_BIAS]), arg_view(operand[NORM_FWD_Y]),
                    arg_view(operand[NORM_FWD_MEAN]), arg_view(operand[NORM_FWD_INV_STD]),
                    arg_view(operand[NORM_FWD_RUNNING_MEAN]), arg_view(operand[NORM_FWD_RUNNING_VAR]),
                    arg_uint(self->sets.rows), arg_uint(self->sets.channels), arg_uint(self->chunk),
                    arg_uint(self->chunks), arg_uint(self->piece), norm_blocks_share_of_row(self),
                    arg_float((float)d->epsilon), arg_float((float)d->momentum), arg_float((float)(1 - d->momentum)),
                    arg_uint(norm_has_relu(&self->base.base.desc))));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_whole(norm_blocks_instance *self, const op_args *args) {
    const norm_desc *d = &self->base.base.desc.norm;
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[FIRST];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_FWD_X]), arg_view(operand[NORM_FWD_WEIGHT]), arg_view(operand[NORM_FWD_BIAS]),
                    arg_view(operand[NORM_FWD_Y]), arg_view(operand[NORM_FWD_MEAN]),
                    arg_view(operand[NORM_FWD_INV_STD]), arg_view(operand[NORM_FWD_RUNNING_MEAN]),
                    arg_view(operand[NORM_FWD_RUNNING_VAR]), arg_uint(self->sets.rows), arg_uint(self->sets.channels),
                    norm_blocks_share_of_row(self), arg_float((float)d->epsilon), arg_float((float)d->momentum),
                    arg_float((float)(1 - d->momentum)), arg_uint(norm_has_relu(&self->base.base.desc))));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_fwd(op_instance *instance, const op_args *args) {
    norm_blocks_instance *self = (norm_blocks_instance *)instance;
    if (self->chunks == 0) return norm_blocks_run_whole(self, args);
    const clae_status status = norm_blocks_run_moments(self, args);
    return status ? status : norm_blocks_run_apply(self, args);
}

static clae_status norm_blocks_run_sums(norm_blocks_instance *self, const op_args *args) {
    opencl_launch *launch = &self->base.launch[FIRST];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[NORM_BWD_DY]), arg_view(args->operand[NORM_BWD_X]),
                                     arg_view(args->operand[NORM_BWD_MEAN]), arg_view(args->workspace),
                                     arg_view(norm_blocks_second(self, args)), arg_uint(self->sets.rows),
                                     arg_uint(self->sets.channels), arg_uint(self->chunk)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_apply_bwd(norm_blocks_instance *self, const op_args *args) {
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[APPLY];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_BWD_DY]), arg_view(operand[NORM_BWD_X]), arg_view(args->workspace),
                    arg_view(norm_blocks_second(self, args)), arg_view(operand[NORM_BWD_WEIGHT]),
                    arg_view(operand[NORM_BWD_MEAN]), arg_view(operand[NORM_BWD_INV_STD]),
                    arg_view(operand[NORM_BWD_DX]), arg_view(operand[NORM_BWD_DWEIGHT]),
                    arg_view(operand[NORM_BWD_DBIAS]), arg_uint(self->sets.rows), arg_uint(self->sets.channels),
                    arg_uint(self->chunks), arg_uint(self->piece), norm_blocks_share_of_row(self)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_whole_bwd(norm_blocks_instance *self, const op_args *args) {
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[FIRST];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_BWD_DY]), arg_view(operand[NORM_BWD_X]), arg_view(operand[NORM_BWD_WEIGHT]),
                    arg_view(operand[NORM_BWD_MEAN]), arg_view(operand[NORM_BWD_INV_STD]),
                    arg_view(operand[NORM_BWD_DX]), arg_view(operand[NORM_BWD_DWEIGHT]),
                    arg_view(operand[NORM_BWD_DBIAS]), arg_uint(self->sets.rows), arg_uint(self->sets.channels),
                    norm_blocks_share_of_row(self)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_blocks_run_bwd(op_instance *instance, const op_args *args) {
    norm_blocks_instance *self = (norm_blocks_instance *)instance;
    if (self->chunks == 0) return norm_blocks_run_whole_bwd(self, args);
    const clae_status status = norm_blocks_run_sums(self, args);
    return status ? status : norm_blocks_run_apply_bwd(self, args);
}

static clae_status norm_blocks_create(norm_blocks_instance *self, const char *kernel, size_t items, size_t width,
                                      size_t rows, int launch) {
    char options[64];
    snprintf(options, sizeof options, "-DWIDTH=%zu -DROWS=%zu -DMERGED=%d", width, rows, MOST_MERGED);
    return opencl_launch_create(opencl_device_of(self->base.base.device), "norm_blocks.cl", options, kernel, items,
                                &self->base.launch[launch]);
}

/* All rows of a vector of channels by one work-group; has: whether it can have so many items. */
static clae_status norm_blocks_prepare_whole(norm_blocks_instance *self, bool *has) {
    const opencl_device *device = (const opencl_device *)self->base.base.device;
    const size_t rows = self->sets.rows;
    const size_t items = opencl_group_items(device, rows <= FEW_ITEMS * MOST_HELD ? FEW_ITEMS : MANY_ITEMS);
    size_t held = 1;
    *has = false;
    while (held * items < rows) held *= 2;
    if (held > MOST_HELD) return CLAE_OK;
    const bool is_bwd = norm_blocks_is_bwd(self->base.base.desc.op);
    const clae_status status =
        norm_blocks_create(self, is_bwd ? "norm_block_bwd" : "norm_block_fwd", items, 1, held, FIRST);
    opencl_launch *launch = &self->base.launch[FIRST];
    *has = !status && launch->local[0] == items;
    if (*has)
        launch->global[0] = self->sets.channels / VECTOR * items;
    else
        opencl_kernel_release(&launch->kernel);
    return status;
}

/* Rows of a work-group, where each unit has `per_unit` of them, and all items ROWS at least. */
static size_t norm_blocks_share(const norm_blocks_instance *self, size_t blocks, size_t per_unit, size_t lanes) {
    const size_t units = larger_size(self->base.base.device->info.compute_units, FEWEST_UNITS);
    return larger_size(divide_up_size(self->sets.rows, divide_up_size(per_unit * units, blocks)), lanes * ROWS);
}

static void norm_blocks_divide(norm_blocks_instance *self, size_t width) {
    opencl_launch *launch = self->base.launch;
    const size_t blocks = divide_up_size(self->sets.channels / VECTOR, width), rows = self->sets.rows;
    const size_t lanes = launch[FIRST].local[0] / width, merging = launch[APPLY].local[0] / width;
    self->chunk = larger_size(norm_blocks_share(self, blocks, CHUNKS_PER_UNIT, lanes),
                              divide_up_size(rows, merging * MOST_MERGED));
    self->chunks = divide_up_size(rows, self->chunk);
    self->piece = norm_blocks_share(self, blocks, PIECES_PER_UNIT, merging);
    self->second_part = (self->chunks + 1) * self->sets.channels;
    self->base.base.workspace_bytes = 2 * self->second_part * sizeof(float);
    launch[FIRST].global[0] = blocks * self->chunks * launch[FIRST].local[0];
    launch[APPLY].global[0] = blocks * divide_up_size(rows, self->piece) * launch[APPLY].local[0];
}

static clae_status norm_blocks_prepare_chunks(norm_blocks_instance *self) {
    const bool is_bwd = norm_blocks_is_bwd(self->base.base.desc.op);
    size_t width = 1;
    const clae_device *device = self->base.base.device;
    while (width < MOST_WIDTH && width < self->sets.channels / VECTOR) width *= 2;
    width = opencl_group_items((const opencl_device *)device, width);
    clae_status status =
        norm_blocks_create(self, is_bwd ? "norm_chunk_sums" : "norm_chunk_moments", FEW_ITEMS, width, ROWS, FIRST);
    if (!status)
        status = norm_blocks_create(self, is_bwd ? "norm_chunk_apply_bwd" : "norm_chunk_apply", FEW_ITEMS, width, ROWS,
                                    APPLY);
    if (status) return status;
    if (self->base.launch[FIRST].local[0] < width || self->base.launch[APPLY].local[0] < width)
        return fail(device->context, CLAE_ERROR_DEVICE, "%s: the kernels allow too few items in a work-group",
                    op_name(self->base.base.desc.op));
    norm_blocks_divide(self, width);
    return CLAE_OK;
}

static clae_status norm_blocks_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    clae_status status =
        opencl_instance_create(device, desc, choice, sizeof(norm_blocks_instance),
                               norm_blocks_is_bwd(desc->op) ? norm_blocks_run_bwd : norm_blocks_run_fwd, instance);
    if (status) return status;
    norm_blocks_instance *self = (norm_blocks_instance *)*instance;
    bool has;
    self->sets = norm_sets_of(desc);
    status = norm_blocks_prepare_whole(self, &has);
    if (!status && !has) status = norm_blocks_prepare_chunks(self);
    return opencl_instance_finish(instance, status);
}

static bool norm_blocks_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

static bool norm_blocks_supports(const clae_device *device, const op_desc *desc) {
    (void)device;
    return (desc->op == OP_batch_norm_train_fwd || desc->op == OP_batch_norm_bwd) &&
           desc->norm.channels % VECTOR == 0 && op_has_relu_at_most(desc);
}

const op_impl opencl_norm_blocks = {
    .name = "blocks", .suits = norm_blocks_suits, .supports = norm_blocks_supports, .prepare = norm_blocks_prepare};
