/* Wgrad where wide has few channels, for devices whose work-groups share local memory: cl/conv_wgrad_taps.cl. */
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

enum {
    MOST_CHANNELS = 4, /* of wide */
    MOST_SUMS = 80,    /* that an item keeps in registers */
    MOST_LANES_O = 32,
    MOST_REDUCE_LANES = 16,
};

/* Items of a work-group, positions that an item takes side by side, rows of narrow staged at a time, and CHUNKS of the
 * batch's rows. */
enum { ITEMS, POSITIONS, BAND, CHUNKS };

static bool conv_taps_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)device;
    (void)desc;
    return conv_is_power_of_2(v[ITEMS]) && v[ITEMS] <= 1024 && conv_is_power_of_2(v[POSITIONS]) && v[POSITIONS] <= 16 &&
           v[BAND] <= 64;
}

static const tune_space conv_taps_wgrad_space = {
    .kernel = "conv_wgrad_taps",
    .count = 4,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256)},
                   {"POSITIONS", TUNE_CANDIDATES(1, 2, 4, 8)},
                   {"BAND", TUNE_CANDIDATES(1, 2, 4, 8, 16)},
                   {"CHUNKS", TUNE_CANDIDATES(64, 128, 256, 512, 1024)}},
    .is_valid = conv_taps_is_valid,
};

static const tune_space *conv_taps_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? &conv_taps_wgrad_space : NULL;
}

static size_t conv_taps_sums(const conv_geometry *g) {
    return (size_t)g->kh * (size_t)g->kw * (size_t)g->wide_c;
}

/* A work-group, as the macros of the same names. */
typedef struct shape {
    int items, lanes_o, band, positions;
} shape;

static size_t conv_taps_local_bytes(const conv_geometry *g, const shape *s) {
    const size_t columns = (size_t)divide_up(g->narrow_w, s->positions) * (size_t)s->positions;
    const size_t row = ((columns - 1) * (size_t)g->sw + (size_t)g->kw) * (size_t)g->wide_c;
    const size_t staged = ((size_t)(s->band - 1) * (size_t)g->sh + (size_t)g->kh) * row;
    const size_t halves = (conv_taps_sums(g) + 1) * (size_t)s->items / 2;
    return larger_size(larger_size(staged, halves), (size_t)s->items) * sizeof(float);
}

/* The largest work-group, then the largest band, that local memory has room for. */
static bool conv_taps_fit(const clae_device *device, const conv_geometry *g, const int *v, int items, shape *s) {
    for (; items >= 1; items /= 2) {
        *s = (shape){.items = items, .lanes_o = 1, .positions = v[POSITIONS]};
        while (s->lanes_o < g->narrow_c && s->lanes_o < MOST_LANES_O && s->lanes_o < items) s->lanes_o *= 2;
        while (s->positions > 1 && s->positions / 2 >= g->narrow_w) s->positions /= 2;
        for (s->band = smaller(v[BAND], g->narrow_h); s->band >= 1; s->band /= 2)
            if (conv_taps_local_bytes(g, s) <= conv_local_bytes(device)) return true;
    }
    return false;
}

static bool conv_taps_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

static int conv_taps_most_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, (size_t)v[ITEMS]);
}

static bool conv_taps_supports(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    int v[TUNE_MAX_PARAMETERS];
    shape s;
    return conv_kernel_of(desc->op) == CONV_WGRAD && g->wide_c <= MOST_CHANNELS && conv_taps_sums(g) <= MOST_SUMS &&
           conv_sizes_fit(desc, 1) && (size_t)g->n * (size_t)g->narrow_h <= INT_MAX &&
           tune_ships(device, desc, &conv_taps_wgrad_space, v) &&
           conv_taps_fit(device, g, v, conv_taps_most_items(device, v), &s);
}

static clae_status conv_taps_create(clae_device *device, const op_desc *desc, const op_choice *choice, const shape *s,
                                    int most_chunks, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    int chunk, chunks, reduce_lanes = 1;
    conv_split_batch(g->n * divide_up(g->narrow_h, s->band), most_chunks, &chunk, &chunks);
    while (reduce_lanes < MOST_REDUCE_LANES && reduce_lanes < s->items && reduce_lanes < chunks) reduce_lanes *= 2;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLOCAL=%d -DLANES_O=%d -DBAND=%d -DPOSITIONS=%d -DREDUCE_LANES=%d", s->items,
                     s->lanes_o, s->band, s->positions, reduce_lanes);
    const conv_program program = {"conv_wgrad_taps.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_wgrad_split, made);
    if (status != CLAE_OK) return status;
    (*made)->chunk = chunk;
    (*made)->chunks = chunks;
    const size_t results = (*made)->job.slice_floats, items = (size_t)s->items, local[3] = {items, 1, 1};
    conv_grid(*made, 0, (const size_t[]){(size_t)chunks * items, (size_t)divide_up(g->narrow_c, s->lanes_o), 1}, local);
    conv_grid(*made, 1, (const size_t[]){divide_up_size(results, items / (size_t)reduce_lanes) * items, 1, 1}, local);
    (*made)->opencl.base.workspace_bytes = (size_t)chunks * results * sizeof(float);
    return CLAE_OK;
}

static clae_status conv_taps_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                     op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_taps_wgrad_space, v)) return conv_no_values(device, desc, choice);
    shape s;
    for (int items = conv_taps_most_items(device, v); conv_taps_fit(device, &desc->conv.g, v, items, &s);) {
        conv_instance *made;
        const clae_status status = conv_taps_create(device, desc, choice, &s, v[CHUNKS], &made);
        items = s.items;
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return fail(device->context, CLAE_ERROR_DEVICE, "%s: implementation %s needs more local memory than there is",
                op_name(desc->op), choice->impl->name);
}

const op_impl opencl_conv_taps = {
    .name = "taps",
    .suits = conv_taps_suits,
    .supports = conv_taps_supports,
    .prepare = conv_taps_prepare,
    .space = conv_taps_space,
};
