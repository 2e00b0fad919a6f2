/* Gradients of weights by Winograd's algorithm, whose transformed tiles stay in local memory:
 * cl/conv_wgrad_winograd_fused.cl. */
#include "opencl/conv/conv_winograd_group.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

enum {
    ELEMENT_ITEMS = 16, /* 4 x 4 of a work-group's items make the sums of an element */
    PAD_FLOATS = 16,    /* between elements in local memory */
    SUM_TILES = 256,    /* whose sums begin at 0 */
    CPU_UNITS = 16,     /* CPUs are for tests: as many parts as a small GPU gets, */
    CPU_SUM_TILES = 16, /* and sums of few tiles */
    BIAS_GROUPS = 4,    /* for each chunk */
    SHORT_CHUNK = 2,    /* the least chunk, in steps of `depth` tiles, */
    LONG_CHUNK = 8,     /* and of those of several groups of a unit */
    MOST_CHANNELS = 32, /* more of them make transforms for several blocks */
};

/* Channels that an item takes of both sides; a work-group's items divided by the tiles that it stages at a time and the
 * channels of the wider block; work-groups for each compute unit. */
enum { ITEM_WIDE, ITEM_NARROW, PARTS, GROUPS_PER_UNIT };

/* A work-group, as the macros of the same names. */
typedef struct shape {
    int items, item_wide, item_narrow, depth;
} shape;

static int conv_winograd_fused_wgrad_fit(int channels, int most) {
    return channels <= 16 ? smaller(most, 4) : most;
}

static shape conv_winograd_fused_wgrad_shape(const op_desc *desc, const int *v) {
    const conv_geometry *g = &desc->conv.g;
    shape s = {.items = 2 * winograd_size(g) * ELEMENT_ITEMS,
               .item_wide = conv_winograd_fused_wgrad_fit(g->wide_c, v[ITEM_WIDE]),
               .item_narrow = conv_winograd_fused_wgrad_fit(g->narrow_c, v[ITEM_NARROW])};
    s.depth = larger(s.items / (4 * larger(s.item_wide, s.item_narrow)) / v[PARTS], 1);
    return s;
}

static size_t conv_winograd_fused_wgrad_local_bytes(const op_desc *desc, const shape *s) {
    const int floats = s->depth * 4 * (s->item_wide + s->item_narrow) + 2 * PAD_FLOATS;
    return (size_t)(2 * winograd_size(&desc->conv.g) * floats) * sizeof(float);
}

static bool conv_winograd_fused_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    if (!winograd_has_dense_transforms(desc) || v[ITEM_WIDE] % 4 || v[ITEM_WIDE] > 16 || v[ITEM_NARROW] % 4 ||
        v[ITEM_NARROW] > 16 || v[PARTS] > 8)
        return false;
    const shape s = conv_winograd_fused_wgrad_shape(desc, v);
    return conv_winograd_fused_wgrad_local_bytes(desc, &s) <= conv_local_bytes(device);
}

static const tune_space conv_winograd_fused_wgrad_space = {
    .kernel = "conv_wgrad_winograd_fused",
    .count = 4,
    .parameters = {{"ITEM_WIDE", TUNE_CANDIDATES(4, 8)},
                   {"ITEM_NARROW", TUNE_CANDIDATES(4, 8)},
                   {"PARTS", TUNE_CANDIDATES(1, 2)},
                   {"GROUPS_PER_UNIT", TUNE_CANDIDATES(1, 2, 4, 8)}},
    .is_valid = conv_winograd_fused_wgrad_is_valid,
};

static const tune_space *conv_winograd_fused_wgrad_choices(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? &conv_winograd_fused_wgrad_space : NULL;
}

/* Work-groups that share a chunk of the tiles. */
static int conv_winograd_fused_wgrad_groups(const op_desc *desc, const shape *s) {
    const conv_geometry *g = &desc->conv.g;
    return winograd_size(g) / 2 * divide_up(g->wide_c, 4 * s->item_wide) * divide_up(g->narrow_c, 4 * s->item_narrow);
}

/* Chunks of the tiles: enough to fill the device, and no more than memory has room for. Several groups of a unit pay
 * where their chunks are long: all sums are added up. */
static void conv_winograd_fused_wgrad_split(conv_instance *made, const op_desc *desc, const shape *s, int per_unit) {
    const clae_device_info *info = &made->opencl.base.device->info;
    const int units = info->type == CLAE_DEVICE_CPU ? CPU_UNITS : (int)info->compute_units;
    const int tiles = (int)conv_winograd_tiles(desc),
              fit = larger(WINOGRAD_MOST_FLOATS / conv_winograd_padded_weights(desc), 1);
    const int groups = conv_winograd_fused_wgrad_groups(desc, s);
    while (per_unit > 1 && tiles / (LONG_CHUNK * s->depth) < units * per_unit / groups) per_unit--;
    const int wanted = divide_up(units * per_unit, groups);
    const int chunks = smaller(smaller(wanted, fit), divide_up(tiles, SHORT_CHUNK * s->depth));
    made->chunk = divide_up(divide_up(tiles, chunks), s->depth) * s->depth;
    made->chunks = divide_up(tiles, made->chunk);
}

static clae_status conv_winograd_fused_wgrad_run(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const winograd_wgrad_places p = conv_winograd_wgrad_places(&instance->desc, conv, BIAS_GROUPS * conv->chunks);
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    clae_status status = opencl_kernel_set(
        &launch[WGRAD_PRODUCT].kernel,
        OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(v.dy), arg_view(args->workspace), arg_ulong(p.dbias),
                    arg_int((int)conv_winograd_tiles(&instance->desc)), arg_int(conv->chunk), arg_int(conv->chunks),
                    arg_ulong(p.dy_pixels), arg_int(p.bias_chunks), arg_int(conv->job.dbias_count)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[WGRAD_PRODUCT]);
    return status == CLAE_OK ? conv_winograd_wgrad_finish(instance, args, &p) : status;
}

static clae_status conv_winograd_fused_wgrad_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                    const int *v, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    const int size = winograd_size(g);
    const shape s = conv_winograd_fused_wgrad_shape(desc, v);
    const int sum_tiles = device->info.type == CLAE_DEVICE_CPU ? CPU_SUM_TILES : SUM_TILES;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DSIZE=%d -DSTEP=%d -DPAIRS=%d -DITEM_WIDE=%d -DITEM_NARROW=%d -DDEPTH=%d -DRUNS=%d",
                     size, size - g->kh + 1, s.items / size, s.item_wide, s.item_narrow, s.depth,
                     divide_up(sum_tiles, s.depth));
    const conv_program program = {"conv_wgrad_winograd_fused.cl",
                                  options,
                                  {[WGRAD_PRODUCT] = "conv_wgrad_partial",
                                   [WGRAD_SUPPORT] = "conv_wgrad_support",
                                   [WGRAD_REDUCE] = "conv_wgrad_reduce"}};
    const clae_status status =
        conv_instance_create(device, desc, choice, &program, conv_winograd_fused_wgrad_run, made);
    if (status != CLAE_OK) return status;
    conv_winograd_fused_wgrad_split(*made, desc, &s, v[GROUPS_PER_UNIT]);
    const winograd_wgrad_places p = conv_winograd_wgrad_places(desc, *made, BIAS_GROUPS * (*made)->chunks);
    const int groups = conv_winograd_fused_wgrad_groups(desc, &s);
    conv_grid(*made, WGRAD_PRODUCT,
              (const size_t[]){(size_t)groups * s.items, (*made)->chunks + divide_up(p.bias_chunks, groups), 1},
              (const size_t[]){s.items, 1, 1});
    conv_winograd_wgrad_grids(*made, desc, &p, s.items, s.items / size);
    (*made)->opencl.base.workspace_bytes = p.end * sizeof(float);
    return CLAE_OK;
}

static bool conv_winograd_fused_wgrad_suits(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return !opencl_is_cpu(device, desc) && winograd_pays(desc, 1) && larger(g->wide_c, g->narrow_c) <= MOST_CHANNELS;
}

static bool conv_winograd_fused_wgrad_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    if (conv_kernel_of(desc->op) != CONV_WGRAD || !winograd_has_dense_transforms(desc) || !conv_sizes_fit(desc, 1) ||
        !tune_ships(device, desc, &conv_winograd_fused_wgrad_space, v))
        return false;
    const shape s = conv_winograd_fused_wgrad_shape(desc, v);
    return ((const opencl_device *)device)->max_work_group_items >= (size_t)s.items &&
           conv_winograd_tiles(desc) <= INT_MAX / 2 && conv_winograd_padded_weights(desc) <= WINOGRAD_MOST_WEIGHTS;
}

static clae_status conv_winograd_fused_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                     op_instance **instance) {
    conv_instance *made;
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_winograd_fused_wgrad_space, v))
        return conv_no_values(device, desc, choice);
    const clae_status status = conv_winograd_fused_wgrad_create(device, desc, choice, v, &made);
    int items = conv_winograd_fused_wgrad_shape(desc, v).items;
    if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    return conv_winograd_too_large(device, desc, choice);
}

const op_impl opencl_conv_winograd_fused_wgrad = {
    .name = "winograd_fused",
    .suits = conv_winograd_fused_wgrad_suits,
    .supports = conv_winograd_fused_wgrad_supports,
    .prepare = conv_winograd_fused_wgrad_prepare,
    .mixing = WINOGRAD_MIXING,
    .space = conv_winograd_fused_wgrad_choices,
};
