/* Gather and spread by matrix units: cl/conv_gather_spread_mma.cl. */
#include "opencl/conv/conv_mma_fit.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>
#include <math.h>

enum { PACK, CONV }; /* launches */
enum {
    PACK_ITEMS = 64,
    SQUARE = 16,             /* weights that an item packs */
    REGISTERS_OF_LANE = 512, /* of a scheduler */
    FEWEST_CHANNELS = 16,
    FEWEST_MACS = 1 << 17,
};

int conv_mma_most_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, (size_t)v[ITEMS]);
}

double conv_mma_resident_warps(const clae_device *device, double registers) {
    const int warps = opencl_mma_warps((const opencl_device *)device);
    return warps > 0 ? warps : 4 * floor(REGISTERS_OF_LANE / (ceil(registers / 8) * 8));
}

bool conv_mma_fills_tiles(const op_desc *desc) {
    return desc->conv.g.wide_c >= FEWEST_CHANNELS && desc->conv.g.narrow_c >= FEWEST_CHANNELS;
}

static double conv_macs_of_image(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return (double)g->narrow_h * g->narrow_w * g->kh * g->kw * g->wide_c * g->narrow_c;
}

bool conv_mma_is_possible(const clae_device *device, const op_desc *desc) {
    const opencl_device *opencl = (const opencl_device *)device;
    return conv_has_relu_at_most(desc) && !(opencl->mma == OPENCL_MMA_STAND_IN && opencl->loops_end_early);
}

clae_status conv_mma_too_few(const clae_device *device, const op_desc *desc, const op_choice *choice) {
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernels of implementation %s allow fewer than %d items in a work-group; force another one",
                op_name(desc->op), choice->impl->name, opencl_mma_warp((const opencl_device *)device));
}

/* 3xTF32 takes more local memory than TF32. */
static bool conv_mma_data_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    conv_mma_tile t;
    return v[ITEMS] <= 1024 && conv_mma_most_items(device, v) >= opencl_mma_warp((const opencl_device *)device) &&
           conv_is_power_of_2(v[ITEMS]) && conv_is_power_of_2(v[BLOCK]) && v[BLOCK] >= 16 && v[BLOCK] <= 128 &&
           conv_is_power_of_2(v[M_TILES]) && v[M_TILES] <= 16 && v[N_TILES] <= 16 / v[M_TILES] && v[CHUNK_C] >= 16 &&
           conv_is_power_of_2(v[CHUNK_C]) && (size_t)v[LOCAL_KIB] * 1024 <= conv_local_bytes(device) &&
           conv_mma_fit(device, desc, conv_mma_most_items(device, v), v, false, &t);
}

static const tune_space conv_mma_data_space = {
    .kernel = "conv_gather_spread_mma",
    .count = 6,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(32, 64)},
                   {"M_TILES", TUNE_CANDIDATES(1, 2)},
                   {"N_TILES", TUNE_CANDIDATES(3, 4, 5, 6, 8)},
                   {"CHUNK_C", TUNE_CANDIDATES(16, 32)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(24, 32, 48)}},
    .is_valid = conv_mma_data_is_valid,
};

static const tune_space *conv_mma_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_mma_data_space;
}

/* Floats of packed weights: whole blocks and chunks of them. */
static size_t conv_mma_packed_floats(const clae_device *device, const op_desc *desc, const conv_mma_tile *t,
                                     bool tf32) {
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const size_t in = (size_t)(divide_up(s.in_c, t->chunk_c) * t->chunk_c);
    const size_t out = (size_t)(divide_up(s.out_c, t->block) * t->block);
    return (size_t)g->kh * (size_t)g->kw * in * out *
           (size_t)opencl_mma_parts_of((const opencl_device *)device, tf32).row;
}

static clae_status conv_mma_run(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const view *operand = args->operand, bias = conv_bias_of(&conv->job, args), mask = conv_mask_of(&conv->job, args);
    clae_status status = opencl_kernel_set(&launch[PACK].kernel,
                                           OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]), arg_view(args->workspace)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[PACK]);
    if (status == CLAE_OK)
        status = opencl_kernel_set(&launch[CONV].kernel,
                                   OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace),
                                               arg_view(bias.buffer ? bias : mask), arg_view(operand[CONV_OUT]),
                                               arg_int(instance->desc.conv.g.n)));
    return status == CLAE_OK ? opencl_launch_run(&launch[CONV]) : status;
}

static clae_status conv_mma_create_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        const conv_mma_tile *t, conv_instance **made) {
    const opencl_device *opencl = opencl_device_of(device);
    const bool tf32 = choice->numerics->tf32;
    const size_t floats = conv_mma_packed_floats(device, desc, t, tf32);
    const size_t group = opencl_group_items(opencl, PACK_ITEMS);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_tile_options(&t->shape, options);
    conv_options_add(options, " -DLOCAL=%d -DM_TILES=%d -DN_TILES=%d -DBLOCK=%d -DSLICES=%d -DCHUNK_C=%d", t->items,
                     t->m_tiles, t->n_tiles, t->block, t->slices, t->chunk_c);
    conv_options_add(options, " -DPACK_ITEMS=%zu%s -DPRECISION_TF32=%d", group, opencl_mma_options(opencl).text, tf32);
    const conv_program program = {"conv_gather_spread_mma.cl", options, {"conv_pack", "conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_mma_run, made);
    if (status != CLAE_OK) return status;
    const size_t squares = floats / SQUARE / (size_t)opencl_mma_parts_of(opencl, tf32).row;
    conv_grid(*made, PACK, (const size_t[]){divide_up_size(squares, group) * group, 1, 1},
              (const size_t[]){group, 1, 1});
    conv_tile_grid(*made, CONV, &t->shape, t->block, (size_t)t->items);
    (*made)->opencl.base.workspace_bytes = floats * sizeof(float);
    (*made)->opencl.base.arithmetic = opencl_mma_arithmetic(opencl, tf32);
    return CLAE_OK;
}

/* On NVIDIA, by tools/gpu-model: the launch that packs weights is worth it from some work on. AMD's and Intel's were
 * never measured. */
static bool conv_mma_suits(const clae_device *device, const op_desc *desc) {
    const opencl_mma mma = ((const opencl_device *)device)->mma;
    if (mma == OPENCL_MMA_STAND_IN || mma == OPENCL_MMA_MFMA) return mma == OPENCL_MMA_MFMA;
    return conv_mma_fills_tiles(desc) && conv_macs_of_image(desc) >= FEWEST_MACS;
}

/* 3xTF32 takes more local memory than TF32. */
static bool conv_mma_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    conv_mma_tile t;
    return conv_mma_is_possible(device, desc) && conv_sizes_fit(desc, 1) &&
           tune_ships(device, desc, &conv_mma_data_space, v) &&
           conv_mma_fit(device, desc, conv_mma_most_items(device, v), v, false, &t) &&
           conv_mma_packed_floats(device, desc, &t, false) <= INT_MAX;
}

static clae_status conv_mma_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    const bool tf32 = choice->numerics->tf32;
    const int warp = opencl_mma_warp(opencl_device_of(device));
    int v[TUNE_MAX_PARAMETERS];
    conv_mma_tile t;
    if (!tune_choose(device, desc, choice, &conv_mma_data_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_mma_most_items(device, v); items >= warp && conv_mma_fit(device, desc, items, v, tf32, &t);) {
        conv_instance *made;
        const clae_status status = conv_mma_create_data(device, desc, choice, &t, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return conv_mma_too_few(device, desc, choice);
}

const op_impl opencl_conv_mma = {
    .name = "mma",
    .suits = conv_mma_suits,
    .for_tf32 = true, /* whether units are faster than floats in 3xTF32 depends on the device */
    .supports = conv_mma_supports,
    .prepare = conv_mma_prepare,
    .space = conv_mma_space,
};
