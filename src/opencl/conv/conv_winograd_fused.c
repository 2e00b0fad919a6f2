/* Gather and spread by Winograd's algorithm, whose transformed tiles stay in local memory:
 * cl/conv_gather_spread_winograd_fused.cl. */
#include "opencl/conv/conv_winograd_group.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

enum {
    DEPTH = 4,      /* input channels that are transformed at a time, and output channels of an item */
    PAD_FLOATS = 4, /* between elements in local memory */
    PACK_ITEMS = 256,
    FEWEST_BLOCK = 16,
    FEWEST_GROUPS = 2, /* for each compute unit, before a group gets more tiles */
};

enum { PACK, CONV }; /* launches */

/* Output channels of a work-group; its tiles, at most, in multiples of the size of a tile. */
enum { BLOCK, LINES };

static int elements_of(const op_desc *desc) {
    return winograd_size(&desc->conv.g) * winograd_size(&desc->conv.g);
}

/* A work-group, as the macros of the same names. */
typedef struct shape {
    int block, tiles, items;
} shape;

static shape conv_winograd_fused_shape(const op_desc *desc, const int *v, int lines) {
    shape s = {.block = v[BLOCK], .tiles = lines * winograd_size(&desc->conv.g)};
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

static bool conv_winograd_fused_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    if (!winograd_has_transforms(desc) || !conv_is_power_of_2(v[BLOCK]) || v[BLOCK] < FEWEST_BLOCK || v[BLOCK] > 64 ||
        v[LINES] > 4)
        return false;
    const shape s = conv_winograd_fused_shape(desc, v, v[LINES]);
    const size_t floats = (size_t)elements_of(desc) * (size_t)(s.tiles * DEPTH + PAD_FLOATS);
    return floats * sizeof(float) <= conv_local_bytes(device) &&
           (size_t)s.items <= ((const opencl_device *)device)->max_work_group_items;
}

static const tune_space conv_winograd_fused_data_space = {
    .kernel = "conv_gather_spread_winograd_fused",
    .count = 2,
    .parameters = {{"BLOCK", TUNE_CANDIDATES(16, 32)}, {"LINES", TUNE_CANDIDATES(1, 2)}},
    .is_valid = conv_winograd_fused_is_valid,
};

static const tune_space *conv_winograd_fused_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? NULL : &conv_winograd_fused_data_space;
}

/* As many tiles as leave groups for all units; sums do not depend on how many there are. */
static shape conv_winograd_fused_choose(const clae_device *device, const op_desc *desc, const int *v) {
    int lines = v[LINES];
    shape s = conv_winograd_fused_shape(desc, v, lines);
    while (lines > 1 && count_groups(desc, &s) < (size_t)FEWEST_GROUPS * device->info.compute_units)
        s = conv_winograd_fused_shape(desc, v, --lines);
    return s;
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
    conv_options_add(options, " -DSIZE=%d -DSTEP=%d -DTAPS=%d -DPAIRS=%d -DTILES=%d -DBLOCK=%d", size, size - taps + 1,
                     taps, pairs, s->tiles, s->block);
    const conv_program program = {"conv_gather_spread_winograd_fused.cl", options, {"conv_pack", "conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_winograd_fused_run, made);
    if (status != CLAE_OK) return status;
    const size_t pack_items = (size_t)(pairs * size), items = (size_t)s->items;
    const size_t tile_groups = divide_up_size(conv_winograd_tiles(desc), (size_t)s->tiles);
    conv_grid(*made, PACK, (const size_t[]){divide_up_size(weights, (size_t)pairs) * pack_items, (size_t)phases, 1},
              (const size_t[]){pack_items, 1, 1});
    conv_grid(*made, CONV,
              (const size_t[]){tile_groups * items, (size_t)blocks, conv_sides_of(desc).spread ? (size_t)phases : 1},
              (const size_t[]){items, 1, 1});
    (*made)->opencl.base.workspace_bytes = (size_t)(phases * elements_of(desc)) * weights * sizeof(float);
    return CLAE_OK;
}

/* With stride 1 winograd_tiled's products, of larger blocks, make up for the way through memory; with stride 2 tiled's
 * loops, which wait for fewer barriers, for the products that are saved. */
static bool conv_winograd_fused_suits(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return false;
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
    const int size = winograd_size(&desc->conv.g);
    if (s->tiles > size)
        s->tiles -= size;
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
