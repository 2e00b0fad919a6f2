/* Gather and spread for devices whose work-groups share local memory: cl/conv_gather_spread_tiled.cl. */
#include "opencl/conv/conv_tiled.h"
#include "opencl/conv/conv_tile.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#define MOST_FLOPS_ACROSS 1e7 /* see conv_tiled_is_small */

/* Output channels of a work-group and of an item; positions of an item; input channels staged at a time, as LOCAL_KIB
 * holds. */
enum { ITEMS = CONV_TILED_ITEMS, BLOCK, CHANNELS, POSITIONS, CHUNK_C, LOCAL_KIB };

static bool conv_tiled_data_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_tiled_group_is_valid(device, v, LOCAL_KIB) && conv_is_power_of_2(v[POSITIONS]) &&
           conv_is_power_of_2(v[CHUNK_C]) && v[POSITIONS] * v[CHANNELS] <= 64;
}

static const tune_space conv_tiled_data_space = {
    .kernel = "conv_gather_spread_tiled",
    .count = 6,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"CHANNELS", TUNE_CANDIDATES(1, 2, 4, 8)},
                   {"POSITIONS", TUNE_CANDIDATES(2, 4, 8, 16)},
                   {"CHUNK_C", TUNE_CANDIDATES(2, 4, 8, 16, 32)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(12, 16, 24, 32, 48)}},
    .is_valid = conv_tiled_data_is_valid,
};

static const tune_space *conv_tiled_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_tiled_data_space;
}

/* A work-group's tile, as the macros of the same names. */
typedef struct tile {
    conv_tile_shape shape;
    int items, block, chunk_c, positions, channels;
} tile;

/* Pixels of a patch, of chunk_c channels, that fit beside the weights of a row of taps: an odd number. */
static size_t conv_tiled_most_pixels(const tile *t, int taps_x, int local_kib) {
    const size_t pixels = (size_t)local_kib * 1024 / sizeof(float) / (size_t)t->chunk_c;
    const size_t weights = (size_t)taps_x * (size_t)t->block;
    return pixels > weights ? (pixels - weights - 1) | 1 : 0;
}

/* The best tile for as many input channels as fit. */
static bool conv_tiled_fit_tile(const op_desc *desc, int items, const int *v, tile *t) {
    const conv_sides s = conv_sides_of(desc);
    const conv_axes axes = conv_axes_of(desc);
    *t = (tile){.items = items, .positions = v[POSITIONS], .chunk_c = v[CHUNK_C]};
    conv_tiled_fit_channels(s.out_c, items, v, &t->block, &t->channels);
    if (t->channels < v[CHANNELS] && t->positions > 4) t->positions = 4;
    while (t->chunk_c / 2 >= s.in_c) t->chunk_c /= 2;
    const int positions = items / (t->block / t->channels) * t->positions;
    for (; t->chunk_c; t->chunk_c /= 2)
        if (conv_tile_choose(desc, positions, conv_tiled_most_pixels(t, axes.x.taps, v[LOCAL_KIB]), &t->shape))
            return true;
    return false;
}

static clae_status conv_tiled_create_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                          const tile *t, conv_instance **made) {
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_tile_options(&t->shape, options);
    conv_options_add(options, " -DLOCAL=%d -DBLOCK=%d -DCHUNK_C=%d -DPOSITIONS=%d -DCHANNELS=%d", t->items, t->block,
                     t->chunk_c, t->positions, t->channels);
    const conv_program program = {"conv_gather_spread_tiled.cl", options, {"conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_single, made);
    if (status == CLAE_OK) conv_tile_grid(*made, &t->shape, t->block, (size_t)t->items);
    return status;
}

/* Whether there are too few work-groups of gather and spread for the device's compute units: a work-item for each
 * element of the result is then faster. On an H200 (132 units) that took 48 us where 75 groups took 93, and 15 where 13
 * took 61. It reads the weights of backward-data across their order, which pays for little work alone: 5 us for 27 with
 * 0.8 MFLOP, 73 for 63 with 29. */
static bool conv_tiled_is_small(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    tile t;
    if (!tune_ships(device, desc, &conv_tiled_data_space, v) ||
        !conv_tiled_fit_tile(desc, conv_tiled_most_items(device, v), v, &t))
        return false;
    const conv_tile_groups groups = conv_tile_count(desc, &t.shape, t.block);
    const size_t all = groups.tiles * groups.blocks * groups.phases;
    return all < device->info.compute_units && (conv_is_forward(desc->op) || op_flops(desc) < MOST_FLOPS_ACROSS);
}

static bool conv_tiled_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc) && !conv_tiled_is_small(device, desc);
}

/* A row of the kernel must fit in local memory. */
static bool conv_tiled_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    tile t;
    return conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1) &&
           tune_ships(device, desc, &conv_tiled_data_space, v) &&
           conv_tiled_fit_tile(desc, conv_tiled_most_items(device, v), v, &t);
}

static clae_status conv_tiled_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                      op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    tile t;
    if (!tune_choose(device, desc, choice, &conv_tiled_data_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_tiled_most_items(device, v); items >= 1 && conv_tiled_fit_tile(desc, items, v, &t);) {
        conv_instance *made;
        const clae_status status = conv_tiled_create_data(device, desc, choice, &t, &made);
        if (status != CLAE_OK) return status;
        size_t group = (size_t)items;
        if (items == 1 || conv_kernels_allow(made, &group)) {
            *instance = &made->opencl.base;
            return CLAE_OK;
        }
        opencl_instance_release(&made->opencl.base);
        items = (int)group;
    }
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernel of implementation %s allows too few items in a work-group", op_name(desc->op),
                choice->impl->name);
}

const op_impl opencl_conv_tiled = {
    .name = "tiled",
    .suits = conv_tiled_suits,
    .supports = conv_tiled_supports,
    .prepare = conv_tiled_prepare,
    .space = conv_tiled_space,
};
