/* Wgrad for devices whose work-groups share local memory: cl/conv_wgrad_tiled.cl. */
#include "opencl/conv/conv_tiled.h"
#include "opencl/impls.h"

#include "base/numbers.h"

/* STEP positions staged at a time, CHUNKS of the batch. */
enum { ITEMS = CONV_TILED_ITEMS, BLOCK, CHANNELS, WGRAD_STEP, WGRAD_CHUNKS, LOCAL_KIB };

bool conv_tiled_group_is_valid(const clae_device *device, const int *v, int local_kib) {
    return conv_is_power_of_2(v[ITEMS]) && conv_is_power_of_2(v[BLOCK]) && conv_is_power_of_2(v[CHANNELS]) &&
           v[ITEMS] <= 1024 && v[CHANNELS] <= v[BLOCK] && v[BLOCK] / v[CHANNELS] <= v[ITEMS] &&
           (size_t)v[local_kib] * 1024 <= conv_local_bytes(device);
}

int conv_tiled_most_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, (size_t)v[ITEMS]);
}

void conv_tiled_fit_channels(int channels, int items, const int *v, int *block, int *of_item) {
    *block = *of_item = 1;
    while (*block < channels && *block < v[BLOCK] && (*of_item < v[CHANNELS] || *block / *of_item < items)) {
        *block *= 2;
        if (*of_item < v[CHANNELS]) *of_item *= 2;
    }
}

static bool conv_tiled_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_tiled_group_is_valid(device, v, LOCAL_KIB) && v[CHANNELS] <= 16 && v[WGRAD_STEP] <= 64;
}

static const tune_space conv_tiled_wgrad_space = {
    .kernel = "conv_wgrad_tiled",
    .count = 6,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(8, 16, 32, 64)},
                   {"CHANNELS", TUNE_CANDIDATES(2, 4, 8)},
                   {"STEP", TUNE_CANDIDATES(8, 16, 32)},
                   {"CHUNKS", TUNE_CANDIDATES(8, 16, 32, 64, 128)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(12, 16, 24, 32, 48)}},
    .is_valid = conv_tiled_wgrad_is_valid,
};

static const tune_space *conv_tiled_wgrad_space_of(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_tiled_wgrad_space;
}

static size_t conv_tiled_wgrad_block_rows(int items, int block, int channels) {
    return (size_t)items / (size_t)(block / channels) * 4;
}

/* The largest work-group whose staged rows and columns fit in local memory. */
static int conv_tiled_wgrad_items(const conv_geometry *g, int items, const int *v) {
    for (int block, channels; items > 1; items /= 2) {
        conv_tiled_fit_channels(g->narrow_c, items, v, &block, &channels);
        const size_t floats = v[WGRAD_STEP] * (conv_tiled_wgrad_block_rows(items, block, channels) + (size_t)block);
        if (floats * sizeof(float) <= (size_t)v[LOCAL_KIB] * 1024) break;
    }
    return items;
}

static clae_status conv_tiled_create_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice, int items,
                                           const int *v, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    int channels, block;
    conv_tiled_fit_channels(g->narrow_c, items, v, &block, &channels);
    const size_t block_rows = conv_tiled_wgrad_block_rows(items, block, channels);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLOCAL=%d -DBLOCK_O=%d -DCHANNELS=%d -DSTEP=%d -DREDUCE_LANES=1", items, block,
                     channels, v[WGRAD_STEP]);
    const conv_program program = {"conv_wgrad_tiled.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_wgrad_split, made);
    if (status != CLAE_OK) return status;
    conv_split_batch(g->n, v[WGRAD_CHUNKS], &(*made)->chunk, &(*made)->chunks);
    const size_t rows = (size_t)g->kh * g->kw * g->wide_c;
    const size_t row_blocks = (rows + block_rows - 1) / block_rows + (desc->conv.with_bias ? 1 : 0);
    const size_t results = (*made)->job.slice_floats;
    const size_t group = (size_t)items, local[3] = {group, 1, 1};
    conv_grid(*made, 0, (const size_t[]){row_blocks * group, divide_up(g->narrow_c, block), (*made)->chunks}, local);
    conv_grid(*made, 1, (const size_t[]){(results + group - 1) / group * group, 1, 1}, local);
    (*made)->opencl.base.workspace_bytes = (*made)->chunks * results * sizeof(float);
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
    for (int items = conv_tiled_wgrad_items(&desc->conv.g, conv_tiled_most_items(device, v), v);;) {
        conv_instance *made;
        const clae_status status = conv_tiled_create_wgrad(device, desc, choice, items, v, &made);
        if (status != CLAE_OK) return status;
        size_t group = (size_t)items;
        if (items == 1 || conv_kernels_allow(made, &group)) {
            *instance = &made->opencl.base;
            return CLAE_OK;
        }
        opencl_instance_release(&made->opencl.base);
        items = (int)group;
    }
}

const op_impl opencl_conv_tiled_wgrad = {
    .name = "tiled",
    .suits = conv_tiled_wgrad_suits,
    .supports = conv_tiled_wgrad_supports,
    .prepare = conv_tiled_wgrad_prepare,
    .space = conv_tiled_wgrad_space_of,
};
