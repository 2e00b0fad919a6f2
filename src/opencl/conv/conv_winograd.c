/* Winograd's algorithm for devices whose work-items are threads with vector units: cl/conv_gather_spread_winograd.cl
 * and cl/conv_wgrad_winograd.cl. */
#include "opencl/conv/conv_winograd.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>

/* Transformed inputs lie in chunks of that many channels, or of all where it does not divide them: a constant of
 * kernels, which layers share. */
enum { MOST_ITEMS = 256, CHUNK_CHANNELS = 32 };

/* Floats of transformed weights or sums for each tile of a group, which passes over them: with more, batches are
 * faster. */
enum { MOST_WEIGHTS_PER_TILE = 28 * 1024 };

/* Tiles of an image for which stride 2 pays, which share a pass over sums. */
enum { FEWEST_WGRAD_TILES = 4 };

/* Items for each compute unit: enough to balance them, few enough that their tiles stay in the cache. */
enum { VECTORS, ITEMS_PER_UNIT };

static bool conv_winograd_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)device;
    (void)desc;
    return v[VECTORS] <= 2 && v[ITEMS_PER_UNIT] <= MOST_ITEMS;
}

#define SPACE(name)                                                                                                    \
    {                                                                                                                  \
        .kernel = name, .count = 2,                                                                                    \
        .parameters = {{"VECTORS", TUNE_CANDIDATES(1, 2)}, {"ITEMS_PER_UNIT", TUNE_CANDIDATES(1, 2, 4, 8, 16)}},       \
        .is_valid = conv_winograd_is_valid                                                                             \
    }
static const tune_space conv_winograd_data_space = SPACE("conv_gather_spread_winograd");
static const tune_space conv_winograd_wgrad_space = SPACE("conv_wgrad_winograd");

static const tune_space *conv_winograd_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? &conv_winograd_wgrad_space : &conv_winograd_data_space;
}

int conv_winograd_lanes(const conv_geometry *g, int width) {
    int lanes = width;
    while (lanes > 1 && (g->wide_c % lanes != 0 || g->narrow_c % lanes != 0)) lanes /= 2;
    return lanes;
}

/* For which there are registers. */
static int conv_winograd_most_positions(const winograd_tile *tile) {
    return (conv_vector_registers(tile->lanes) - tile->vectors - 2) / tile->vectors;
}

winograd_tile conv_winograd_fit_tile(int lanes, int vectors, int channels, int count) {
    winograd_tile tile = {lanes, channels / lanes % vectors == 0 ? vectors : 1, 0};
    tile.positions = divide_up(count, divide_up(count, conv_winograd_most_positions(&tile)));
    return tile;
}

/* The fewest multiply-adds, and loads of narrow for each tile; programs of a network are then mostly the same. */
static winograd_tile conv_winograd_fit_sums(int lanes, int vectors, int channels, int count) {
    winograd_tile tile = conv_winograd_fit_tile(lanes, vectors, channels, count);
    const int most = smaller(conv_winograd_most_positions(&tile), count);
    int least = INT_MAX;
    for (int positions = 1; positions <= most; positions++) {
        const int cost = divide_up(count, positions) * (positions + 1);
        if (cost > least) continue;
        least = cost;
        tile.positions = positions;
    }
    return tile;
}

int conv_winograd_choose_items(const opencl_device *device, int items_per_unit, int tasks) {
    int items = items_per_unit * (int)device->base.info.compute_units;
    if (items > MOST_ITEMS) items = MOST_ITEMS;
    return items < tasks ? items : tasks;
}

int conv_winograd_phases(const conv_geometry *g) {
    return g->sh * g->sw;
}

/* Between the elements of transformed tiles. Gather has input channels of all phases; spread transforms its inputs for
 * each phase, and makes channels of all. */
static int conv_winograd_in_stride(const conv_instance *conv) {
    return winograd_stride(&conv->grid, conv_winograd_phases(&conv->opencl.base.desc.conv.g) * conv->job.sides.in_c);
}

static int conv_winograd_out_stride(const conv_instance *conv) {
    const conv_sides *s = &conv->job.sides;
    return winograd_stride(&conv->grid,
                           (s->spread ? conv_winograd_phases(&conv->opencl.base.desc.conv.g) : 1) * s->out_c);
}

static clae_status conv_winograd_run_data(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *pack = &opencl_instance_of(instance)->launch[0], *run = pack + 1;
    const conv_job *job = &conv->job;
    const conv_geometry *g = &instance->desc.conv.g;
    const conv_sides s = job->sides;
    const view *operand = args->operand;
    clae_status status =
        opencl_kernel_set(&pack->kernel, OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]),
                                                     arg_view(conv_bias_of(job, args)), arg_view(args->workspace),
                                                     arg_geometry(g), arg_int(s.spread), arg_int(job->transposed)));
    if (status == CLAE_OK) status = opencl_launch_run(pack);
    if (status == CLAE_OK)
        status = opencl_kernel_set(
            &run->kernel,
            OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace), arg_view(conv_mask_of(job, args)),
                        arg_view(operand[CONV_OUT]), arg_geometry(g), arg_int(s.spread), arg_int(job->relu),
                        arg_int(conv->grid.images), arg_int(conv->grid.rows), arg_int(conv_winograd_in_stride(conv)),
                        arg_int(conv_winograd_out_stride(conv)), arg_int((int)run->global[0])));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

static clae_status conv_winograd_prepare_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                              op_instance **instance) {
    const opencl_device *opencl = opencl_device_of(device);
    const conv_sides s = conv_sides_of(desc);
    const conv_geometry *g = &desc->conv.g;
    const winograd_grid grid = winograd_make_grid(desc);
    int values[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_winograd_data_space, values))
        return conv_no_values(device, desc, choice);
    const int lanes = conv_winograd_lanes(g, (int)opencl->vector_width);
    const winograd_tile tile = conv_winograd_fit_tile(lanes, values[VECTORS], s.out_c, grid.most_tiles);
    const int size = winograd_size(g);
    const int items = conv_winograd_choose_items(opencl, values[ITEMS_PER_UNIT], grid.groups);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DTAPS=%d -DSIZE=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d -DCHUNK=%d", winograd_taps(g),
                     size, tile.lanes, tile.vectors, tile.positions, s.in_c % CHUNK_CHANNELS ? s.in_c : CHUNK_CHANNELS);
    const conv_program program = {"conv_gather_spread_winograd.cl", options, {"conv_pack", "conv_run"}};
    conv_instance *made;
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_winograd_run_data, &made);
    if (status != CLAE_OK) return status;
    made->grid = grid;
    const size_t one[3] = {1, 1, 1}, elements = (size_t)size * (size_t)size;
    conv_grid(made, 0, (const size_t[]){(size_t)(made->job.transposed ? s.out_c : s.in_c) + 1, 1, 1}, one);
    conv_grid(made, 1, (const size_t[]){(size_t)items, 1, 1}, one);
    const size_t weights = elements * (size_t)conv_winograd_phases(g) * (size_t)s.in_c * (size_t)s.out_c;
    const size_t tiles = elements * (size_t)(conv_winograd_in_stride(made) + conv_winograd_out_stride(made));
    const size_t floats = weights + (size_t)s.out_c + (size_t)items * tiles;
    made->opencl.base.workspace_bytes = floats * sizeof(float);
    *instance = &made->opencl.base;
    return CLAE_OK;
}

int conv_winograd_wide_c(const conv_geometry *g) {
    return conv_winograd_phases(g) * g->wide_c;
}

/* Floats of a chunk's part of the workspace: sums, dbias, support. */
static size_t conv_winograd_wgrad_slice(const conv_geometry *g, const conv_job *job) {
    const int size = winograd_size(g);
    return (size_t)(size * size * conv_winograd_wide_c(g) * g->narrow_c + job->dbias_count) + winograd_support_count(g);
}

static int conv_winograd_most_chunks(const conv_geometry *g) {
    const size_t elements = (size_t)winograd_size(g) * (size_t)winograd_size(g);
    return winograd_wgrad_splits(elements * (size_t)conv_winograd_wide_c(g) * (size_t)g->narrow_c);
}

static clae_status conv_winograd_run_wgrad(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *partial = &opencl_instance_of(instance)->launch[0], *reduce = partial + 1;
    const conv_geometry *g = &instance->desc.conv.g;
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const int transposed = conv->job.transposed, dy_c = conv->job.dbias_count;
    const size_t slice = conv_winograd_wgrad_slice(g, &conv->job);
    clae_status status = opencl_kernel_set(
        &partial->kernel,
        OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(args->workspace), arg_geometry(g),
                    arg_int(conv->chunk), arg_int(transposed), arg_int(dy_c), arg_ulong(slice),
                    arg_int(conv->grid.images), arg_int(conv->grid.rows),
                    arg_int(winograd_stride(&conv->grid, conv_winograd_wide_c(g))),
                    arg_int(winograd_stride(&conv->grid, g->narrow_c)), arg_int((int)partial->global[0])));
    if (status == CLAE_OK) status = opencl_launch_run(partial);
    if (status == CLAE_OK)
        status =
            opencl_kernel_set(&reduce->kernel, OPENCL_ARGS(arg_view(args->workspace), arg_view(v.dweight),
                                                           arg_view(v.dbias), arg_geometry(g), arg_int(conv->chunks),
                                                           arg_int(transposed), arg_int(dy_c), arg_ulong(slice)));
    return status == CLAE_OK ? opencl_launch_run(reduce) : status;
}

static clae_status conv_winograd_prepare_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice,
                                               op_instance **instance) {
    const conv_geometry *g = &desc->conv.g;
    const winograd_grid grid = winograd_make_grid(desc);
    int values[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_winograd_wgrad_space, values))
        return conv_no_values(device, desc, choice);
    const int lanes = conv_winograd_lanes(g, (int)opencl_device_of(device)->vector_width), size = winograd_size(g);
    const int wide_c = conv_winograd_wide_c(g);
    const winograd_tile tile = conv_winograd_fit_sums(lanes, values[VECTORS], g->narrow_c, wide_c);
    const int wide_stride = winograd_stride(&grid, wide_c), narrow_stride = winograd_stride(&grid, g->narrow_c);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DTAPS=%d -DSIZE=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d", winograd_taps(g), size,
                     lanes, tile.vectors, tile.positions);
    int chunk, chunks;
    conv_split_batch(g->n, conv_winograd_most_chunks(g), &chunk, &chunks);
    chunk = divide_up(chunk, grid.images) * grid.images;
    chunks = divide_up(g->n, chunk);
    const int items = conv_winograd_choose_items(opencl_device_of(device), values[ITEMS_PER_UNIT], chunks);
    const conv_program program = {"conv_wgrad_winograd.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    conv_instance *made;
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_winograd_run_wgrad, &made);
    if (status != CLAE_OK) return status;
    made->grid = grid;
    made->chunk = chunk;
    made->chunks = chunks;
    const size_t bias = desc->conv.with_bias ? 1 : 0, elements = (size_t)size * (size_t)size;
    const size_t one[3] = {1, 1, 1};
    conv_grid(made, 0, (const size_t[]){(size_t)items, 1, 1}, one);
    conv_grid(made, 1, (const size_t[]){(size_t)g->wide_c + bias, 1, 1}, one);
    const size_t tiles = elements * (size_t)(wide_stride + narrow_stride);
    made->opencl.base.workspace_bytes =
        ((size_t)chunks * conv_winograd_wgrad_slice(g, &made->job) + (size_t)items * tiles) * sizeof(float);
    *instance = &made->opencl.base;
    return CLAE_OK;
}

static bool conv_winograd_outgrows_cache(const op_desc *desc) {
    const size_t tiles = (size_t)winograd_make_grid(desc).most_tiles;
    return winograd_weights(desc) > MOST_WEIGHTS_PER_TILE * tiles;
}

static bool conv_winograd_suits(const clae_device *device, const op_desc *desc) {
    return opencl_is_cpu(device, desc) && winograd_pays(desc, FEWEST_WGRAD_TILES) &&
           !(conv_winograd_outgrows_cache(desc) && winograd_batch_pays(desc) && conv_winograd_can_batch(device, desc));
}

static bool conv_winograd_supports(const clae_device *device, const op_desc *desc) {
    return opencl_supports_long_loops(device, desc) && conv_has_relu_at_most(desc) && winograd_can(desc, 4) &&
           conv_sizes_fit(desc, 1);
}

static clae_status conv_winograd_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         op_instance **instance) {
    return conv_kernel_of(desc->op) == CONV_WGRAD ? conv_winograd_prepare_wgrad(device, desc, choice, instance)
                                                  : conv_winograd_prepare_data(device, desc, choice, instance);
}

const op_impl opencl_conv_winograd = {
    .name = "winograd",
    .suits = conv_winograd_suits,
    .supports = conv_winograd_supports,
    .prepare = conv_winograd_prepare,
    .mixing = WINOGRAD_MIXING,
    .space = conv_winograd_space,
};
