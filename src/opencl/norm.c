/* batch_norm and group_norm: what chunks of rows amount to, what follows for each group of channels, and a pass over
 * all elements. */
#include "ops/norm.h"

#include "base/numbers.h"
#include "opencl/impls.h"
#include "opencl/instance.h"
#include "ops/op_kind.h"

#include <stdio.h>

enum { PLACE_FLOATS = 16, MOST_PLANES = 4 };
enum { CHUNKS, GROUPS, ELEMENTS }; /* launches */

/* How the work is divided. */
typedef struct norm_style {
    size_t items, vector;
    size_t chunk_vectors; /* of a chunk at least, for each item */
    size_t most_groups;   /* work-groups that take chunks */
    size_t per_item;      /* vectors in the pass over all elements */
    size_t block_floats;  /* in registers, of rows whose moments are taken together */
} norm_style;

static const norm_style norm_cpu_style = {
    .items = 1, .vector = 16, .chunk_vectors = 512, .most_groups = 256, .per_item = 1024, .block_floats = 64};
static const norm_style norm_group_style = {
    .items = 256, .vector = 4, .chunk_vectors = 8, .most_groups = 1024, .per_item = 4, .block_floats = 32};

typedef struct norm_instance {
    opencl_instance base;
    norm_sets sets;
    size_t fold, columns;                     /* see cl/norm.cl */
    size_t chunk, chunks, width, group_width; /* chunks: of a set */
    size_t count, per_item;                   /* elements of a set; vectors that an item takes of them */
    size_t plane;                             /* floats */
    /* In the workspace, in floats; the chunks' results come first, in two parts. */
    size_t second_part, planes, set_sums, reduce_place;
    op_instance *reduce; /* of set_sums: dbias and dweight of several sets */
} norm_instance;

static size_t norm_in_places(size_t floats) {
    return divide_up_size(floats, PLACE_FLOATS) * PLACE_FLOATS;
}

static size_t norm_common_divisor(size_t a, size_t b) {
    return b == 0 ? a : norm_common_divisor(b, a % b);
}

static clae_status norm_run_moments(norm_instance *self, const op_args *args) {
    const norm_sets *s = &self->sets;
    opencl_launch *launch = &self->base.launch[CHUNKS];
    if (self->chunks == 0) return CLAE_OK;
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[NORM_FWD_X]), arg_view(args->workspace),
                                     arg_view(view_moved(args->workspace, self->second_part)), arg_uint(s->rows),
                                     arg_uint(s->channels), arg_uint(s->group_channels), arg_uint(self->fold),
                                     arg_uint(self->chunk), arg_uint(self->chunks), arg_uint(self->width)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_run_statistics(norm_instance *self, const op_args *args) {
    const norm_sets *s = &self->sets;
    const norm_desc *d = &self->base.base.desc.norm;
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[GROUPS];
    const bool keeps_running = self->base.base.desc.op == OP_batch_norm_train_fwd;
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_FWD_X]), arg_view(args->workspace),
                    arg_view(view_moved(args->workspace, self->second_part)), arg_view(operand[NORM_FWD_WEIGHT]),
                    arg_view(operand[NORM_FWD_BIAS]), arg_view(operand[NORM_FWD_MEAN]),
                    arg_view(operand[NORM_FWD_INV_STD]), arg_view(operand[NORM_FWD_RUNNING_MEAN]),
                    arg_view(operand[NORM_FWD_RUNNING_VAR]), arg_view(view_moved(args->workspace, self->planes)),
                    arg_ulong(self->plane), arg_uint(s->rows), arg_uint(s->channels), arg_uint(s->group_channels),
                    arg_uint(self->fold), arg_uint(self->chunk), arg_uint(self->chunks), arg_float((float)d->epsilon),
                    arg_float((float)d->momentum), arg_float((float)(1 - d->momentum)), arg_uint(keeps_running)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_run_running(norm_instance *self, const op_args *args) {
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[GROUPS];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_EVAL_WEIGHT]), arg_view(operand[NORM_EVAL_BIAS]),
                    arg_view(operand[NORM_EVAL_RUNNING_MEAN]), arg_view(operand[NORM_EVAL_RUNNING_VAR]),
                    arg_view(view_moved(args->workspace, self->planes)), arg_ulong(self->plane),
                    arg_uint(self->sets.channels), arg_uint(self->fold),
                    arg_float((float)self->base.base.desc.norm.epsilon)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_run_apply(norm_instance *self, const op_args *args, view x, view y) {
    opencl_launch *launch = &self->base.launch[ELEMENTS];
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(x), arg_view(view_moved(args->workspace, self->planes)), arg_view(y),
                                     arg_ulong(self->plane), arg_uint(self->count), arg_uint(self->columns),
                                     arg_uint(self->per_item), arg_uint(norm_has_relu(&self->base.base.desc))));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_run_fwd(op_instance *instance, const op_args *args) {
    norm_instance *self = (norm_instance *)instance;
    clae_status status = norm_run_moments(self, args);
    if (!status) status = norm_run_statistics(self, args);
    return status ? status : norm_run_apply(self, args, args->operand[NORM_FWD_X], args->operand[NORM_FWD_Y]);
}

static clae_status norm_run_eval(op_instance *instance, const op_args *args) {
    norm_instance *self = (norm_instance *)instance;
    const clae_status status = norm_run_running(self, args);
    return status ? status : norm_run_apply(self, args, args->operand[NORM_EVAL_X], args->operand[NORM_EVAL_Y]);
}

static clae_status norm_run_sums(norm_instance *self, const op_args *args) {
    const norm_sets *s = &self->sets;
    opencl_launch *launch = &self->base.launch[CHUNKS];
    if (self->chunks == 0) return CLAE_OK;
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(args->operand[NORM_BWD_DY]), arg_view(args->operand[NORM_BWD_X]),
                                     arg_view(args->operand[NORM_BWD_MEAN]), arg_view(args->workspace),
                                     arg_view(view_moved(args->workspace, self->second_part)), arg_uint(s->rows),
                                     arg_uint(s->channels), arg_uint(s->group_channels), arg_uint(self->fold),
                                     arg_uint(self->chunk), arg_uint(self->chunks), arg_uint(self->width)));
    return status ? status : opencl_launch_run(launch);
}

static view norm_set_sums(const norm_instance *self, const op_args *args, int operand) {
    const size_t part = operand == NORM_BWD_DBIAS ? 0 : norm_in_places(self->sets.sets * self->sets.channels);
    return self->reduce ? view_moved(args->workspace, self->set_sums + part) : args->operand[operand];
}

static clae_status norm_run_gradients(norm_instance *self, const op_args *args) {
    const norm_sets *s = &self->sets;
    const view *operand = args->operand;
    opencl_launch *launch = &self->base.launch[GROUPS];
    const clae_status status = opencl_kernel_set(
        &launch->kernel,
        OPENCL_ARGS(arg_view(operand[NORM_BWD_DY]), arg_view(operand[NORM_BWD_X]), arg_view(args->workspace),
                    arg_view(view_moved(args->workspace, self->second_part)), arg_view(operand[NORM_BWD_WEIGHT]),
                    arg_view(operand[NORM_BWD_MEAN]), arg_view(operand[NORM_BWD_INV_STD]),
                    arg_view(norm_set_sums(self, args, NORM_BWD_DBIAS)),
                    arg_view(norm_set_sums(self, args, NORM_BWD_DWEIGHT)),
                    arg_view(view_moved(args->workspace, self->planes)), arg_ulong(self->plane), arg_uint(s->rows),
                    arg_uint(s->channels), arg_uint(s->group_channels), arg_uint(self->fold), arg_uint(self->chunks),
                    arg_uint(self->group_width)));
    return status ? status : opencl_launch_run(launch);
}

static clae_status norm_run_reduce(norm_instance *self, const op_args *args, int operand) {
    const op_args own = {
        .operand = {[REDUCE_SUM_X] = norm_set_sums(self, args, operand), [REDUCE_SUM_Y] = args->operand[operand]},
        .workspace = view_moved(args->workspace, self->reduce_place)};
    return self->reduce ? op_run(self->reduce, &own) : CLAE_OK;
}

static clae_status norm_run_bwd(op_instance *instance, const op_args *args) {
    norm_instance *self = (norm_instance *)instance;
    opencl_launch *launch = &self->base.launch[ELEMENTS];
    clae_status status = norm_run_sums(self, args);
    if (!status) status = norm_run_gradients(self, args);
    if (!status) status = norm_run_reduce(self, args, NORM_BWD_DBIAS);
    if (!status) status = norm_run_reduce(self, args, NORM_BWD_DWEIGHT);
    if (!status)
        status = opencl_kernel_set(
            &launch->kernel, OPENCL_ARGS(arg_view(args->operand[NORM_BWD_DY]), arg_view(args->operand[NORM_BWD_X]),
                                         arg_view(view_moved(args->workspace, self->planes)),
                                         arg_view(args->operand[NORM_BWD_DX]), arg_ulong(self->plane),
                                         arg_uint(self->count), arg_uint(self->columns), arg_uint(self->per_item)));
    return status ? status : opencl_launch_run(launch);
}

static void norm_release(op_instance *instance) {
    if (!instance) return;
    op_release(((norm_instance *)instance)->reduce);
    opencl_instance_release(instance);
}

/* Kernels of a direction. */
typedef struct norm_kernels {
    const char *chunks, *groups, *elements; /* chunks: NULL, where there are no sums */
    const char *channels;                   /* `groups` for groups of one channel on CPUs; NULL: the same */
    clae_status (*run)(op_instance *instance, const op_args *args);
} norm_kernels;

static const norm_kernels norm_fwd_kernels = {
    .chunks = "norm_moments",
    .groups = "norm_statistics",
    .channels = "norm_channel_statistics",
    .elements = "norm_apply",
    .run = norm_run_fwd,
};
static const norm_kernels norm_eval_kernels = {
    .groups = "norm_running", .elements = "norm_apply", .run = norm_run_eval};
static const norm_kernels norm_bwd_kernels = {
    .chunks = "norm_sums",
    .groups = "norm_gradients",
    .channels = "norm_channel_gradients",
    .elements = "norm_apply_bwd",
    .run = norm_run_bwd,
};

static const norm_kernels *norm_kernels_of(op_id op) {
    if (op == OP_batch_norm_eval_fwd) return &norm_eval_kernels;
    return op == OP_batch_norm_bwd || op == OP_group_norm_bwd ? &norm_bwd_kernels : &norm_fwd_kernels;
}

/* On CPUs whole vectors may begin anywhere. */
static size_t norm_choose_vector(const norm_instance *self, const norm_style *style) {
    if (style->items == 1 || self->sets.sets == 1 || self->count % style->vector == 0) return style->vector;
    return 1;
}

/* Whether the second kernel takes whole vectors of channels. */
static bool norm_takes_channels(const norm_instance *self, const norm_kernels *kernels, const norm_style *style) {
    return style->items == 1 && kernels->channels && self->sets.group_channels == 1;
}

static clae_status norm_create_kernels(norm_instance *self, const norm_kernels *kernels, const norm_style *style,
                                       size_t vector) {
    opencl_launch *launch = self->base.launch;
    opencl_device *device = opencl_device_of(self->base.base.device);
    char options[48];
    snprintf(options, sizeof options, "-DVEC=%zu -DBLOCK=%zu%s", vector, style->block_floats / vector,
             style->items == 1 ? "" : " -DALIGNED");
    clae_status status = CLAE_OK;
    if (kernels->chunks)
        status = opencl_launch_create(device, "norm.cl", options, kernels->chunks, style->items, &launch[CHUNKS]);
    if (status == CLAE_OK && norm_takes_channels(self, kernels, style))
        status = opencl_launch_create(device, "norm_channels.cl", options, kernels->channels, 1, &launch[GROUPS]);
    else if (status == CLAE_OK)
        status = opencl_launch_create(device, "norm.cl", options, kernels->groups, style->items, &launch[GROUPS]);
    if (status == CLAE_OK)
        status = opencl_launch_create(device, "norm.cl", options, kernels->elements, style->items, &launch[ELEMENTS]);
    return status;
}

/* The least power of two that is no less than `wanted`, or `most`. */
static size_t norm_power_for(size_t wanted, size_t most) {
    size_t power = 1;
    while (power < wanted && power < most) power *= 2;
    return power;
}

static void norm_divide_rows(norm_instance *self, const norm_style *style, size_t vector) {
    opencl_launch *launch = &self->base.launch[CHUNKS];
    const size_t items = launch->local[0], vectors = self->columns / vector, folded = self->sets.rows / self->fold;
    self->width = norm_power_for(vectors, items);
    const size_t blocks = divide_up_size(vectors, self->width),
                 most = style->most_groups / (self->sets.sets * blocks) + 1;
    const size_t least = items / self->width * style->chunk_vectors;
    self->chunk = divide_up_size(folded, most);
    if (self->chunk < least) self->chunk = least;
    self->chunks = divide_up_size(folded, self->chunk);
    launch->global[0] = self->sets.sets * self->chunks * blocks * items;
}

static void norm_place_parts(norm_instance *self, bool is_bwd) {
    const norm_sets *s = &self->sets;
    self->plane = s->sets * self->columns;
    self->second_part = norm_in_places(s->sets * self->chunks * self->columns);
    self->planes = 2 * self->second_part;
    self->set_sums = self->planes + norm_in_places(MOST_PLANES * self->plane);
    self->reduce_place = self->set_sums + (is_bwd && s->sets > 1 ? 2 * norm_in_places(s->sets * s->channels) : 0);
    self->base.base.workspace_bytes =
        self->reduce_place * sizeof(float) + (self->reduce ? self->reduce->workspace_bytes : 0);
}

static clae_status norm_prepare_reduce(norm_instance *self, const numerics *numerics) {
    const op_desc sums = {.op = OP_reduce_sum, .reduce_sum = {self->sets.sets, self->sets.channels}};
    return self->sets.sets > 1 ? op_prepare(self->base.base.device, &sums, numerics, &self->reduce) : CLAE_OK;
}

static clae_status norm_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                const norm_style *style, op_instance **instance) {
    const norm_kernels *kernels = norm_kernels_of(desc->op);
    clae_status status = opencl_instance_create(device, desc, choice, sizeof(norm_instance), kernels->run, instance);
    if (status) return status;
    (*instance)->release = norm_release;
    norm_instance *self = (norm_instance *)*instance;
    self->sets = norm_sets_of(desc);
    self->count = self->sets.rows * self->sets.channels;
    self->per_item = style->per_item;
    const size_t vector = norm_choose_vector(self, style);
    self->fold = vector / norm_common_divisor(self->sets.channels, vector);
    self->columns = self->fold * self->sets.channels;
    status = norm_create_kernels(self, kernels, style, vector);
    if (!status && kernels == &norm_bwd_kernels) status = norm_prepare_reduce(self, choice->numerics);
    if (status) return opencl_instance_finish(instance, status);
    opencl_launch *launch = self->base.launch;
    if (kernels->chunks) norm_divide_rows(self, style, vector);
    launch[GROUPS].global[0] = launch[GROUPS].local[0] * self->sets.sets * self->sets.groups;
    if (norm_takes_channels(self, kernels, style))
        launch[GROUPS].global[0] = self->sets.sets * divide_up_size(self->sets.channels, vector);
    if (kernels == &norm_eval_kernels)
        launch[GROUPS].global[0] = divide_up_size(self->columns, launch[GROUPS].local[0]) * launch[GROUPS].local[0];
    self->group_width = norm_power_for(self->sets.group_channels, launch[GROUPS].local[0]);
    const size_t piece = launch[ELEMENTS].local[0] * self->per_item * vector;
    launch[ELEMENTS].global[0] = self->sets.sets * divide_up_size(self->count, piece) * launch[ELEMENTS].local[0];
    norm_place_parts(self, kernels == &norm_bwd_kernels);
    return CLAE_OK;
}

static clae_status norm_prepare_vector(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    return norm_prepare(device, desc, choice, &norm_cpu_style, instance);
}

static clae_status norm_prepare_plain(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    return norm_prepare(device, desc, choice, &norm_group_style, instance);
}

static bool norm_supports_vector(const clae_device *device, const op_desc *desc) {
    return opencl_supports_long_loops(device, desc) && op_has_relu_at_most(desc);
}

const op_impl opencl_norm_vector = {
    .name = "vector", .suits = opencl_is_cpu, .supports = norm_supports_vector, .prepare = norm_prepare_vector};
const op_impl opencl_norm_plain = {.name = "plain", .supports = opencl_supports_relu, .prepare = norm_prepare_plain};
