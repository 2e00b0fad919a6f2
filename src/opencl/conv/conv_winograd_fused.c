/* Gather and spread by Winograd's algorithm, whose transformed tiles stay in local memory:
 * cl/conv_gather_spread_winograd_fused.cl. */
#include "opencl/conv/conv_winograd_group.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

enum {
    DEPTH = 8,         /* channels that are transformed at a time */
    AHEAD = DEPTH / 2, /* channels whose weights are read before the first barrier, and behind the last one */
    PACK_ITEMS = 256,
    MOST_CHANNELS = 32,
    FEWEST_BLOCK = 16,
    LARGEST_SIZE = 8,
    MOST_TILES = 16,     /* of this size */
    VECTOR = 4,          /* tiles that are read at a time */
    TILES_OF_GROUP = 12, /* that take as long as the rest of what a group does */
    MANY_ITEMS = 512,    /* of a group, which leave them no registers for two columns each */
};

enum { PACK, CONV }; /* launches */

/* Output channels of a work-group; its tiles of 8x8, at most. */
enum { BLOCK, TILES };

static int elements_of(const op_desc *desc) {
    return winograd_size(&desc->conv.g) * winograd_size(&desc->conv.g);
}

/* A work-group, as the macros of the same names. */
typedef struct shape {
    int block, tiles, items;
} shape;

/* Smaller tiles have work-groups of fewer items, two of which share a unit where they need fewer registers. */
static int most_tiles(const op_desc *desc, const int *v) {
    const int scaled = v[TILES] * winograd_size(&desc->conv.g) / LARGEST_SIZE;
    return larger((scaled + VECTOR / 2) / VECTOR, 1) * VECTOR;
}

static shape conv_winograd_fused_shape(const op_desc *desc, const int *v, int tiles) {
    shape s = {.block = v[BLOCK], .tiles = tiles};
    while (s.block > FEWEST_BLOCK && s.block / 2 >= conv_sides_of(desc).out_c) s.block /= 2;
    s.items = elements_of(desc) * (s.block / 4);
    return s;
}

static int padded_in(const op_desc *desc) {
    return divide_up(conv_sides_of(desc).in_c, DEPTH) * DEPTH;
}

static int padded_out(const op_desc *desc, int block) {
    return divide_up(conv_sides_of(desc).out_c, block) * block;
}

/* Of the input of gather, of the output of spread. */
static int conv_winograd_fused_phases(const op_desc *desc) {
    return desc->conv.g.sh * desc->conv.g.sw;
}

static size_t count_groups(const op_desc *desc, const shape *s) {
    const int phases = conv_sides_of(desc).spread ? conv_winograd_fused_phases(desc) : 1;
    return divide_up_size(conv_winograd_tiles(desc), (size_t)s->tiles) *
           (size_t)(phases * divide_up(conv_sides_of(desc).out_c, s->block));
}

/* As the macro STAGED. */
static size_t staged_floats(const op_desc *desc, const shape *s) {
    const int pitch = (s->tiles / VECTOR | 1) * VECTOR, out_stride = VECTOR * s->block + (s->block < 32 ? s->block : 0);
    return (size_t)elements_of(desc) * (size_t)larger(DEPTH * pitch + VECTOR, out_stride);
}

static bool conv_winograd_fused_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    if (!winograd_has_transforms(desc) || !conv_is_power_of_2(v[BLOCK]) || v[BLOCK] < FEWEST_BLOCK || v[BLOCK] > 64 ||
        v[TILES] > MOST_TILES || v[TILES] % VECTOR)
        return false;
    const shape s = conv_winograd_fused_shape(desc, v, most_tiles(desc, v));
    return staged_floats(desc, &s) * sizeof(float) <= conv_local_bytes(device) && s.tiles * DEPTH <= s.items &&
           (size_t)s.items <= ((const opencl_device *)device)->max_work_group_items;
}

static const tune_space conv_winograd_fused_data_space = {
    .kernel = "conv_gather_spread_winograd_fused",
    .count = 2,
    .parameters = {{"BLOCK", TUNE_CANDIDATES(16, 32)}, {"TILES", TUNE_CANDIDATES(8, 12, 16)}},
    .is_valid = conv_winograd_fused_is_valid,
};

static const tune_space *conv_winograd_fused_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? NULL : &conv_winograd_fused_data_space;
}

/* As the macro COLUMNS. */
static int conv_winograd_fused_columns(const op_desc *desc, int tiles) {
    const int size = winograd_size(&desc->conv.g), step = size - winograd_taps(&desc->conv.g) + 1;
    const int tiles_x = winograd_make_grid(desc).tiles_x, extra = (size - 1) / step;
    const int slots = tiles + ((tiles_x + tiles - 2) / tiles_x + 1) * extra;
    return divide_up(slots, VECTOR) * VECTOR * step * DEPTH;
}

/* Tiles that take the least time of the units in all; sums do not depend on how many there are. */
static shape conv_winograd_fused_choose(const clae_device *device, const op_desc *desc, const int *v) {
    shape best = {0};
    size_t least = SIZE_MAX;
    for (int tiles = most_tiles(desc, v); tiles > 0; tiles -= VECTOR) {
        const shape s = conv_winograd_fused_shape(desc, v, tiles);
        if (tiles > VECTOR && s.items >= MANY_ITEMS && conv_winograd_fused_columns(desc, tiles) > s.items) continue;
        const size_t rounds = divide_up_size(count_groups(desc, &s), device->info.compute_units);
        const size_t time = rounds * (size_t)(tiles + TILES_OF_GROUP);
        if (time >= least) continue;
        least = time;
        best = s;
    }
    return best;
}

static clae_status conv_winograd_fused_run(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const conv_job *job = &conv->job;
    const view *operand = args->operand;
    clae_status status =
        opencl_kernel_set(&launch[PACK].kernel, OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]),
                                                            arg_view(args->workspace), arg_int(job->transposed)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[PACK]);
    if (status == CLAE_OK)
        status = opencl_kernel_set(&launch[CONV].kernel,
                                   OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace),
                                               arg_view(conv_bias_of(job, args)), arg_view(conv_mask_of(job, args)),
                                               arg_view(operand[CONV_OUT]),
                                               arg_int((int)conv_winograd_tiles(&instance->desc)), arg_int(job->relu)));
    return status == CLAE_OK ? opencl_launch_run(&launch[CONV]) : status;
}

static clae_status conv_winograd_fused_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                              const shape *s, conv_instance **made) {
    const int size = winograd_size(&desc->conv.g), taps = winograd_taps(&desc->conv.g);
    const int phases = conv_winograd_fused_phases(desc), blocks = divide_up(conv_sides_of(desc).out_c, s->block);
    const size_t weights = (size_t)padded_in(desc) * (size_t)padded_out(desc, s->block);
    int pairs = WINOGRAD_MOST_PAIRS;
    while ((size_t)(pairs * size) > opencl_group_items(opencl_device_of(device), PACK_ITEMS)) pairs /= 2;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DSIZE=%d -DSTEP=%d -DTAPS=%d -DPAIRS=%d -DTILES=%d -DBLOCK=%d -DDEPTH=%d", size,
                     size - taps + 1, taps, pairs, s->tiles, s->block, DEPTH);
    const conv_program program = {"conv_gather_spread_winograd_fused.cl", options, {"conv_pack", "conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_winograd_fused_run, made);
    if (status != CLAE_OK) return status;
    const size_t pack_items = (size_t)(pairs * size), items = (size_t)s->items;
    conv_grid(*made, PACK, (const size_t[]){divide_up_size(weights, (size_t)pairs) * pack_items, (size_t)phases, 1},
              (const size_t[]){pack_items, 1, 1});
    conv_grid(*made, CONV,
              (const size_t[]){divide_up_size(conv_winograd_tiles(desc), (size_t)s->tiles) * items, (size_t)blocks,
                               conv_sides_of(desc).spread ? (size_t)phases : 1},
              (const size_t[]){items, 1, 1});
    (*made)->opencl.base.workspace_bytes =
        (size_t)elements_of(desc) * ((size_t)phases * weights + (size_t)(AHEAD * s->block)) * sizeof(float);
    return CLAE_OK;
}

/* Whose groups make all output channels of their tiles: otherwise inputs are transformed again for others. */
static bool is_one_block(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    return tune_ships(device, desc, &conv_winograd_fused_data_space, v) &&
           conv_winograd_fused_shape(desc, v, v[TILES]).block >= conv_sides_of(desc).out_c;
}

/* With more channels winograd_tiled's products, of larger blocks, make up for the way through memory; with stride 2
 * tiled's loops, which wait for fewer barriers, for the products that are saved. */
static bool conv_winograd_fused_suits(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return !opencl_is_cpu(device, desc) && g->sh == 1 && winograd_pays(desc, 1) &&
           larger(g->wide_c, g->narrow_c) <= MOST_CHANNELS && is_one_block(device, desc);
}

static bool conv_winograd_fused_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    return conv_kernel_of(desc->op) != CONV_WGRAD && conv_has_relu_at_most(desc) && winograd_has_transforms(desc) &&
           conv_sizes_fit(desc, 1) && conv_winograd_tiles(desc) <= INT_MAX / 2 &&
           tune_ships(device, desc, &conv_winograd_fused_data_space, v) &&
           (size_t)(conv_winograd_fused_phases(desc) * elements_of(desc)) * (size_t)padded_in(desc) *
                   (size_t)padded_out(desc, v[BLOCK]) <=
               WINOGRAD_MOST_WEIGHTS;
}

/* The next smaller work-group, or one with fewer sums for an item, for kernels that need more registers than there are.
 */
static bool conv_winograd_fused_shrink(const op_desc *desc, shape *s) {
    if (s->tiles > VECTOR)
        s->tiles -= VECTOR;
    else if (s->block > FEWEST_BLOCK)
        s->block /= 2;
    else
        return false;
    s->items = elements_of(desc) * (s->block / 4);
    return true;
}

static clae_status conv_winograd_fused_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                               op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_winograd_fused_data_space, v))
        return conv_no_values(device, desc, choice);
    shape s = conv_winograd_fused_choose(device, desc, v);
    do {
        conv_instance *made;
        const clae_status status = conv_winograd_fused_create(device, desc, choice, &s, &made);
        int items = s.items;
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    } while (conv_winograd_fused_shrink(desc, &s));
    return conv_winograd_too_large(device, desc, choice);
}

const op_impl opencl_conv_winograd_fused = {
    .name = "winograd_fused",
    .suits = conv_winograd_fused_suits,
    .supports = conv_winograd_fused_supports,
    .prepare = conv_winograd_fused_prepare,
    .mixing = WINOGRAD_MIXING,
    .space = conv_winograd_fused_space,
};
