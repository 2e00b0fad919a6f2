/* Convolutions by matrix units: cl/conv_gather_spread_mma.cl and cl/conv_wgrad_mma.cl. */
#include "opencl/conv/conv_tile.h"
#include "opencl/impls.h"
#include "opencl/mma.h"

#include "base/numbers.h"

enum { DEPTH = 8 }; /* of a step of the sums */

/* ITEMS of a work-group, which makes as many rows of a product, and BLOCK columns of it; fewer where there are fewer or
 * the device wants that. Gather and spread stage what LOCAL_KIB holds, wgrad STEP positions of one of CHUNKS of the
 * batch. */
enum { ITEMS, BLOCK, LOCAL_KIB };
enum { STEP = LOCAL_KIB, CHUNKS };

static size_t conv_mma_wgrad_local_floats(opencl_mma mma, int items, int block, int step) {
    return (size_t)step * (size_t)((items | 8) + (block | 8)) + opencl_mma_exchange(mma, items, block);
}

/* A warp has 2 x BLOCK sums for each of its items in registers, or 4 x BLOCK where it is of 64. */
static bool conv_mma_group_is_valid(const clae_device *device, const int *v) {
    const opencl_mma mma = ((const opencl_device *)device)->mma;
    return conv_is_power_of_2(v[ITEMS]) && conv_is_power_of_2(v[BLOCK]) && v[ITEMS] <= 1024 && v[BLOCK] <= 64 &&
           v[ITEMS] >= opencl_mma_warp(mma) && v[BLOCK] >= opencl_mma_columns(mma);
}

static bool conv_mma_data_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_mma_group_is_valid(device, v) && (size_t)v[LOCAL_KIB] * 1024 <= conv_local_bytes(device);
}

static bool conv_mma_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    const opencl_mma mma = ((const opencl_device *)device)->mma;
    (void)desc;
    return conv_mma_group_is_valid(device, v) && v[STEP] % DEPTH == 0 &&
           conv_mma_wgrad_local_floats(mma, v[ITEMS], v[BLOCK], v[STEP]) * sizeof(float) <= conv_local_bytes(device);
}

static const tune_space conv_mma_data_space = {
    .kernel = "conv_gather_spread_mma",
    .count = 3,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(16, 24, 32, 48)}},
    .is_valid = conv_mma_data_is_valid,
};

static const tune_space conv_mma_wgrad_space = {
    .kernel = "conv_wgrad_mma",
    .count = 4,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"STEP", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"CHUNKS", TUNE_CANDIDATES(8, 16, 32, 64, 128)}},
    .is_valid = conv_mma_wgrad_is_valid,
};

static const tune_space *conv_mma_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? &conv_mma_wgrad_space : &conv_mma_data_space;
}

/* A work-group's tile of gather and spread, as the macros of cl/conv_gather_spread_mma.cl. */
typedef struct tile {
    conv_tile_shape shape;
    int items, block, chunk_c;
} tile;

/* Columns of a work-group's product, a power of two. */
static int block_of(opencl_mma mma, int channels, int most) {
    int block = opencl_mma_columns(mma);
    while (block < channels && block < most) block *= 2;
    return block;
}

/* Pixels of a patch that fit beside the weights of a row of taps. */
static size_t conv_mma_most_pixels(opencl_mma mma, const tile *t, const conv_axes *axes, int local_kib) {
    const size_t floats = (size_t)local_kib * 1024 / sizeof(float);
    const int rows = divide_up(axes->x.taps * t->chunk_c, DEPTH) * DEPTH;
    const size_t used = (size_t)rows * (size_t)(t->block + 4) + opencl_mma_exchange(mma, t->items, t->block);
    return used < floats ? (floats - used) / (size_t)t->chunk_c : 0;
}

static bool conv_mma_fit_tile(opencl_mma mma, const op_desc *desc, int items, const int *v, tile *t) {
    const conv_sides s = conv_sides_of(desc);
    const conv_axes axes = conv_axes_of(desc);
    *t = (tile){.items = items, .block = block_of(mma, s.out_c, v[BLOCK]), .chunk_c = DEPTH};
    while (t->chunk_c / 2 >= s.in_c) t->chunk_c /= 2;
    for (; t->chunk_c; t->chunk_c /= 2)
        if (conv_tile_choose(desc, items, conv_mma_most_pixels(mma, t, &axes, v[LOCAL_KIB]), &t->shape)) return true;
    return false;
}

static void add_mma_options(const opencl_device *device, int items, bool tf32, char options[CONV_OPTIONS_SIZE]) {
    conv_options_add(options, " -DLOCAL=%d%s -DPRECISION_TF32=%d", items, opencl_mma_options(device, device->mma),
                     tf32);
}

static clae_status conv_mma_create_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        const tile *t, conv_instance **made) {
    const opencl_device *opencl = opencl_device_of(device);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_tile_options(&t->shape, options);
    conv_options_add(options, " -DBLOCK=%d -DCHUNK_C=%d", t->block, t->chunk_c);
    add_mma_options(opencl, t->items, choice->numerics->tf32, options);
    const conv_program program = {"conv_gather_spread_mma.cl", options, {"conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_single, made);
    if (status == CLAE_OK) conv_tile_grid(*made, &t->shape, t->block, (size_t)t->items);
    return status;
}

static clae_status conv_mma_create_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice, int items,
                                         const int *v, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    const opencl_device *opencl = opencl_device_of(device);
    const int block = block_of(opencl->mma, g->narrow_c, v[BLOCK]), rows = g->kh * g->kw * g->wide_c;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DBLOCK_O=%d -DSTEP=%d -DREDUCE_LANES=1", block, v[STEP]);
    add_mma_options(opencl, items, choice->numerics->tf32, options);
    const conv_program program = {"conv_wgrad_mma.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_wgrad_split, made);
    if (status != CLAE_OK) return status;
    conv_split_batch(g->n, v[CHUNKS], &(*made)->chunk, &(*made)->chunks);
    const size_t row_blocks = (size_t)divide_up(rows, items) + (desc->conv.with_bias ? 1 : 0);
    const size_t results = (*made)->job.slice_floats, local[3] = {(size_t)items, 1, 1};
    conv_grid(*made, 0, (const size_t[]){row_blocks * local[0], divide_up(g->narrow_c, block), (*made)->chunks}, local);
    conv_grid(*made, 1, (const size_t[]){(results + local[0] - 1) / local[0] * local[0], 1, 1}, local);
    (*made)->opencl.base.workspace_bytes = (*made)->chunks * results * sizeof(float);
    return CLAE_OK;
}

/* On an H200, training in TF32 by PTX took 2.1 to 2.4 times as long as by the kernels of floats. AMD's were never
 * measured. */
static bool conv_mma_suits(const clae_device *device, const op_desc *desc) {
    (void)desc;
    return ((const opencl_device *)device)->mma == OPENCL_MMA_MFMA;
}

static int conv_mma_most_items(const opencl_device *device, const int *v) {
    return (int)opencl_group_items(device, (size_t)v[ITEMS]);
}

/* Of gather and spread, the patch and a row of the kernel must fit in local memory; wgrad counts the positions of a
 * chunk in int. The stand-in's loops are long. */
static bool conv_mma_supports(const clae_device *device, const op_desc *desc) {
    const opencl_device *opencl = (const opencl_device *)device;
    int chunk, chunks, v[TUNE_MAX_PARAMETERS];
    tile t;
    if (!conv_has_relu_at_most(desc) || !tune_ships(device, desc, conv_mma_space(device, desc), v)) return false;
    const int items = conv_mma_most_items(opencl, v);
    if (items < opencl_mma_warp(opencl->mma)) return false;
    if (opencl->mma == OPENCL_MMA_STAND_IN && opencl->loops_end_early) return false;
    if (conv_kernel_of(desc->op) != CONV_WGRAD)
        return conv_sizes_fit(desc, 1) && conv_mma_fit_tile(opencl->mma, desc, items, v, &t);
    conv_split_batch(desc->conv.g.n, v[CHUNKS], &chunk, &chunks);
    return conv_sizes_fit(desc, chunk);
}

static clae_status conv_mma_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    const opencl_device *opencl = opencl_device_of(device);
    const bool wgrad = conv_kernel_of(desc->op) == CONV_WGRAD;
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, conv_mma_space(device, desc), v))
        return conv_no_values(device, desc, choice);
    for (size_t allowed = (size_t)conv_mma_most_items(opencl, v); allowed >= (size_t)opencl_mma_warp(opencl->mma);) {
        const int items = (int)allowed;
        conv_instance *made;
        tile t;
        if (!wgrad && !conv_mma_fit_tile(opencl->mma, desc, items, v, &t)) break;
        const clae_status status = wgrad ? conv_mma_create_wgrad(device, desc, choice, items, v, &made)
                                         : conv_mma_create_data(device, desc, choice, &t, &made);
        if (status != CLAE_OK) return status;
        if (conv_kernels_allow(made, &allowed)) {
            made->opencl.base.arithmetic = opencl_mma_arithmetic(opencl, choice->numerics->tf32);
            *instance = &made->opencl.base;
            return CLAE_OK;
        }
        opencl_instance_release(&made->opencl.base);
    }
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernels of implementation %s allow fewer than %d items in a work-group; force another one",
                op_name(desc->op), choice->impl->name, opencl_mma_warp(opencl->mma));
}

const op_impl opencl_conv_mma = {
    .name = "mma",
    .suits = conv_mma_suits,
    .for_tf32 = true, /* whether units are faster than floats in 3xTF32 depends on the device */
    .supports = conv_mma_supports,
    .prepare = conv_mma_prepare,
    .space = conv_mma_space,
};
