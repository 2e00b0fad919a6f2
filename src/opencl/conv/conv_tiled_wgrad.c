/* Wgrad for devices whose work-groups share local memory: cl/conv_wgrad_tiled.cl. */
#include "opencl/conv/conv_tiled.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>
#include <math.h>

/* Rows of an item; positions staged at a time, and of these in one piece of the loop; work-groups of ITEMS that are
 * beside one another on a compute unit. */
enum { ITEMS = CONV_TILED_ITEMS, BLOCK, CHANNELS, ROWS, STEP, UNROLL, GROUPS_PER_UNIT };

enum {
    MOST_LOCAL_BYTES = 32768,
    SMALLEST_GROUPS = 4, /* work-groups are no smaller than this part of ITEMS */
    MOST_SUMS = 64,      /* of an item */
    MOST_AHEAD = 32,     /* floats that an item has read for the next step */
    MOST_ROUNDS = 4,     /* of work-groups that fill all units */
    MOST_REDUCE_LANES = 16,
    FEWEST_RESULTS = 8, /* that a work-group of the reduction reads side by side: whole sectors */
    LANE_CHUNKS = 4,    /* for each of its lanes */
};

/* Instructions of an item, as compiled for NVIDIA's sm_90: to stage a vector, and of a step besides. */
#define COST_OF_VECTOR 11.0
#define COST_OF_STEP 40.0
/* In positions: to store and read the sums of a chunk; in the length of a chunk: to wait, when all units are busy. */
#define COST_OF_CHUNK 48.0
#define COST_OF_WAITING 0.75
/* In positions of a work-group of ITEMS: what it takes to have a second launch. */
#define COST_OF_LAUNCH 48.0

static bool conv_tiled_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)device;
    (void)desc;
    return conv_tiled_group_is_valid(v) && conv_is_power_of_2(v[ROWS]) && conv_is_power_of_2(v[STEP]) &&
           v[BLOCK] <= 128 && v[ROWS] >= 4 && v[ROWS] * v[CHANNELS] <= MOST_SUMS && v[STEP] >= 4 && v[STEP] <= 32 &&
           conv_is_power_of_2(v[UNROLL]) && v[GROUPS_PER_UNIT] <= 64;
}

static const tune_space conv_tiled_wgrad_space = {
    .kernel = "conv_wgrad_tiled",
    .count = 7,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(16, 32, 64, 128)},
                   {"CHANNELS", TUNE_CANDIDATES(4, 8)},
                   {"ROWS", TUNE_CANDIDATES(4, 8)},
                   {"STEP", TUNE_CANDIDATES(4, 8, 16)},
                   {"UNROLL", TUNE_CANDIDATES(2, 4, 8)},
                   {"GROUPS_PER_UNIT", TUNE_CANDIDATES(1, 2, 3, 4, 8)}},
    .is_valid = conv_tiled_wgrad_is_valid,
};

static const tune_space *conv_tiled_wgrad_space_of(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_tiled_wgrad_space;
}

/* A work-group, as the macros of the same names, and how many of them share a chunk. */
typedef struct shape {
    int items, block, channels, rows, step;
    int block_rows, row_blocks, column_blocks;
} shape;

static size_t conv_tiled_wgrad_local_bytes(const shape *s) {
    const size_t floats = (size_t)s->step * (size_t)(s->block_rows + s->block + 4);
    return 2 * floats * sizeof(float);
}

static bool conv_tiled_wgrad_shape(const clae_device *device, const conv_geometry *g, const int *v, int items,
                                   int block, int rows, shape *s) {
    const size_t most = smaller_size(conv_local_bytes(device), MOST_LOCAL_BYTES);
    const int channels = smaller(v[CHANNELS], block), items_o = block / channels;
    if (items_o > items) return false;
    *s = (shape){.items = items, .block = block, .channels = channels, .rows = rows, .step = v[STEP]};
    s->block_rows = items / items_o * rows;
    s->row_blocks = divide_up(g->kh * g->kw * g->wide_c, s->block_rows);
    s->column_blocks = divide_up(g->narrow_c, block);
    while (s->step > 4 && (s->step * rows > MOST_AHEAD * items_o || conv_tiled_wgrad_local_bytes(s) > most))
        s->step /= 2;
    return conv_tiled_wgrad_local_bytes(s) <= most;
}

/* Instructions of all items for a position of narrow. */
static double conv_tiled_wgrad_cost(const conv_geometry *g, const shape *s) {
    const double products = s->rows * s->channels + s->rows / 4 + divide_up(s->channels, 4);
    const double vectors =
        (double)s->block_rows / (g->wide_c % 4 ? 1 : 4) + (double)s->block / (g->narrow_c % 4 ? 1 : 4);
    const double group = s->items * (products + COST_OF_STEP / s->step) + COST_OF_VECTOR * vectors;
    return group * s->row_blocks * s->column_blocks;
}

/* The cheapest of the work-groups of up to `most` items; one of 1 item always fits. */
static shape conv_tiled_wgrad_fit(const clae_device *device, const conv_geometry *g, const int *v, int most) {
    shape best = {0};
    double least = 0;
    for (int items = most; items >= 1 && (least == 0 || items * SMALLEST_GROUPS >= v[ITEMS]); items /= 2)
        for (int rows = v[ROWS]; rows >= 4; rows /= 2)
            for (int block = 1; block <= v[BLOCK]; block *= 2) {
                shape s;
                if (!conv_tiled_wgrad_shape(device, g, v, items, block, rows, &s)) continue;
                const double cost = conv_tiled_wgrad_cost(g, &s);
                if (least > 0 && cost >= least) continue;
                least = cost;
                best = s;
            }
    return best;
}

typedef struct split {
    size_t chunk, chunks;
} split;

/* Floats of a chunk's images are counted in int. */
static split conv_tiled_wgrad_split_of(const conv_geometry *g, int step, size_t chunks) {
    const size_t pixels = (size_t)g->narrow_h * (size_t)g->narrow_w, positions = (size_t)g->n * pixels;
    const size_t wide = (size_t)g->wide_h * (size_t)g->wide_w * (size_t)g->wide_c;
    const size_t most = (INT_MAX / larger_size(wide, pixels * (size_t)g->narrow_c) - 1) * pixels;
    const size_t steps = divide_up_size(divide_up_size(positions, chunks), (size_t)step);
    split s = {.chunk = smaller_size(smaller_size(steps * (size_t)step, most), INT_MAX)};
    s.chunks = divide_up_size(positions, s.chunk);
    return s;
}

/* Whether the sums of so many chunks are dweight, and nothing is to be added up. */
static bool conv_tiled_wgrad_is_whole(const op_desc *desc, size_t chunks) {
    return chunks == 1 && !op_is_transposed(desc->op);
}

/* The fastest way to share the positions among the units: these have whole work-groups to do. */
static split conv_tiled_wgrad_split(const clae_device *device, const op_desc *desc, const shape *s, const int *v) {
    const conv_geometry *g = &desc->conv.g;
    const double units = (double)device->info.compute_units * v[ITEMS] / s->items;
    const double blocks = (double)s->row_blocks * s->column_blocks, most = MOST_ROUNDS * v[GROUPS_PER_UNIT];
    split best = conv_tiled_wgrad_split_of(g, s->step, 1);
    double least = 0;
    for (size_t chunks = 1; chunks == 1 || (double)chunks * blocks <= most * units; chunks++) {
        const split next = conv_tiled_wgrad_split_of(g, s->step, chunks);
        const double groups = (double)next.chunks * blocks / units, rounds = ceil(groups / v[GROUPS_PER_UNIT]);
        double cost = (double)next.chunk * (ceil(groups) + COST_OF_WAITING * rounds);
        if (!conv_tiled_wgrad_is_whole(desc, next.chunks)) cost += COST_OF_CHUNK * groups + COST_OF_LAUNCH;
        if (least == 0 || cost < least) {
            least = cost;
            best = next;
        }
        if (next.chunk == (size_t)s->step) break;
    }
    return best;
}

static clae_status conv_tiled_wgrad_run_whole(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = &opencl_instance_of(instance)->launch[0];
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const clae_status status = opencl_kernel_set(
        &launch->kernel, OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(v.dweight),
                                     arg_int(instance->desc.conv.g.n), arg_int(conv->chunk),
                                     arg_int(conv->job.transposed), arg_int(conv->job.dbias_count), arg_view(v.dbias)));
    return status == CLAE_OK ? opencl_launch_run(launch) : status;
}

/* `group`: the items of a work-group that reduces. */
static clae_status conv_tiled_create_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice,
                                           const int *v, int group, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    const shape s = conv_tiled_wgrad_fit(device, g, v, group);
    const split parts = conv_tiled_wgrad_split(device, desc, &s, v);
    const bool is_whole = conv_tiled_wgrad_is_whole(desc, parts.chunks);
    int lanes = 1;
    while (lanes < MOST_REDUCE_LANES && lanes * 2 * FEWEST_RESULTS <= group &&
           (size_t)(lanes * 2 * LANE_CHUNKS) <= parts.chunks)
        lanes *= 2;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLOCAL=%d -DBLOCK_O=%d -DCHANNELS=%d -DROWS=%d -DSTEP=%d -DUNROLL=%d", s.items,
                     s.block, s.channels, s.rows, s.step, smaller(v[UNROLL], s.step));
    conv_options_add(options, " -DREDUCE_ITEMS=%d -DREDUCE_LANES=%d -DWHOLE=%d", group, lanes, is_whole);
    const conv_program program = {
        "conv_wgrad_tiled.cl", options, {"conv_wgrad_partial", is_whole ? NULL : "conv_wgrad_reduce"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program,
                                                    is_whole ? conv_tiled_wgrad_run_whole : conv_run_wgrad_split, made);
    if (status != CLAE_OK) return status;
    (*made)->chunk = (int)parts.chunk;
    (*made)->chunks = (int)parts.chunks;
    const size_t rows = (size_t)s.row_blocks + (desc->conv.with_bias ? 1 : 0), results = (*made)->job.slice_floats;
    const size_t items = (size_t)s.items, local[3] = {items, 1, 1};
    conv_grid(*made, 0, (const size_t[]){rows * items, (size_t)s.column_blocks, parts.chunks}, local);
    if (is_whole) return CLAE_OK;
    const size_t reducing = (size_t)group, reduced = divide_up_size(results, reducing / (size_t)lanes);
    conv_grid(*made, 1, (const size_t[]){reduced * reducing, 1, 1}, (const size_t[]){reducing, 1, 1});
    (*made)->opencl.base.workspace_bytes = parts.chunks * results * sizeof(float);
    return CLAE_OK;
}

static bool conv_tiled_wgrad_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

static bool conv_tiled_wgrad_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    return conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1) &&
           tune_ships(device, desc, &conv_tiled_wgrad_space, v);
}

static clae_status conv_tiled_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                            op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_tiled_wgrad_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_tiled_most_items(device, v);;) {
        conv_instance *made;
        const clae_status status = conv_tiled_create_wgrad(device, desc, choice, v, items, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
}

const op_impl opencl_conv_tiled_wgrad = {
    .name = "tiled",
    .suits = conv_tiled_wgrad_suits,
    .supports = conv_tiled_wgrad_supports,
    .prepare = conv_tiled_wgrad_prepare,
    .space = conv_tiled_wgrad_space_of,
};
