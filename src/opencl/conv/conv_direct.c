/* Convolutions for devices whose work-items are threads with vector units: cl/conv_gather_spread_direct.cl and
 * cl/conv_wgrad_direct.cl. */
#include "opencl/conv/conv.h"
#include "opencl/impls.h"

#include "base/memory.h"
#include "base/numbers.h"

/* Wgrad: chunks of the batch are more where a work-item takes all rows of the kernel, so few weights that they stay in
 * the cache beside the images. */
enum { MOST_WHOLE_CHUNKS = 50, MOST_WHOLE_WEIGHTS = 1024 };

/* Wgrad: a row of the kernel with more sums than that outgrows the first-level cache; its blocks are so many times as
 * large, so that sums are read and written less often. */
enum { FEW_ROW_SUMS = 6 * 1024, LARGE_BLOCK = 2 };

enum { MOST_POSITIONS = 12 };

/* Gather and spread: positions x vectors of sums in registers, beside weights and one value of the image. */
enum { LANES, VECTORS, POSITIONS, WORK };

static bool conv_direct_data_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_lanes_fit(device, v[LANES]) && v[POSITIONS] <= MOST_POSITIONS &&
           v[VECTORS] * v[POSITIONS] + v[VECTORS] + 1 <= conv_vector_registers(v[LANES]);
}

/* Vector multiply-adds for all output channels of one position and input, in 1/64: with many sums beside one another
 * they cost less; then the narrower block. */
static double data_cost(const op_desc *desc, const int *v) {
    const conv_sides s = conv_sides_of(desc);
    const int block = v[VECTORS] * v[LANES], vectors = divide_up(s.out_c, block) * v[VECTORS];
    return vectors * (v[VECTORS] == 1 ? 70 : 64) + 1e-3 * block;
}

static const tune_space conv_direct_data_space = {
    .kernel = "conv_gather_spread_direct",
    .count = 4,
    .parameters = {{"LANES", TUNE_CANDIDATES(4, 8, 16)},
                   {"VECTORS", TUNE_CANDIDATES(1, 2, 3, 4)},
                   {"POSITIONS", TUNE_CANDIDATES(2, 3, 4, 5, 6, 8, 10, 12)},
                   {"WORK", TUNE_CANDIDATES(2, 6, 12, 24, 96)}},
    .is_valid = conv_direct_data_is_valid,
    .cost = data_cost,
};

/* Few output channels: vectors over input channels. */
enum { DOT_LANES, DOT_POSITIONS, DOT_WORK };

static bool conv_direct_dot_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    const conv_sides s = conv_sides_of(desc);
    return conv_lanes_fit(device, v[DOT_LANES]) && s.in_c % v[DOT_LANES] == 0 && s.out_c * 2 < v[DOT_LANES] &&
           v[DOT_POSITIONS] <= MOST_POSITIONS && v[DOT_POSITIONS] + 2 <= conv_vector_registers(v[DOT_LANES]);
}

static const tune_space conv_direct_dot_space = {
    .kernel = "conv_gather_spread_dot",
    .count = 3,
    .parameters = {{"LANES", TUNE_CANDIDATES(4, 8, 16)},
                   {"POSITIONS", TUNE_CANDIDATES(2, 3, 4, 5, 6, 8, 10, 12)},
                   {"WORK", TUNE_CANDIDATES(2, 6, 12, 24, 96)}},
    .is_valid = conv_direct_dot_is_valid,
};

/* Wgrad: `SUMS` vectors of sums in registers, images and rows as CACHE_KIB holds, CHUNKS of the batch. Lanes and
 * vectors are halved until they divide narrow's channels. */
enum { WGRAD_LANES, WGRAD_VECTORS, SUMS, CACHE_KIB, CHUNKS };

static bool conv_direct_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)desc;
    return conv_lanes_fit(device, v[WGRAD_LANES]) && v[WGRAD_VECTORS] <= 2 && v[SUMS] >= v[WGRAD_VECTORS] &&
           v[SUMS] + v[WGRAD_VECTORS] + 1 <= conv_vector_registers(v[WGRAD_LANES]) && v[CACHE_KIB] <= 1024;
}

static const tune_space conv_direct_wgrad_space = {
    .kernel = "conv_wgrad_direct",
    .count = 5,
    .parameters = {{"LANES", TUNE_CANDIDATES(4, 8, 16)},
                   {"VECTORS", TUNE_CANDIDATES(1, 2)},
                   {"SUMS", TUNE_CANDIDATES(8, 10, 12, 16, 20, 24)},
                   {"CACHE_KIB", TUNE_CANDIDATES(10, 14, 20, 28, 40, 80)},
                   {"CHUNKS", TUNE_CANDIDATES(4, 8, 16, 32, 64)}},
    .is_valid = conv_direct_wgrad_is_valid,
};

static const tune_space *conv_direct_space(const clae_device *device, const op_desc *desc) {
    int values[TUNE_MAX_PARAMETERS];
    if (conv_kernel_of(desc->op) == CONV_WGRAD) return &conv_direct_wgrad_space;
    return tune_ships(device, desc, &conv_direct_dot_space, values) ? &conv_direct_dot_space : &conv_direct_data_space;
}

/* Rows of output for a work-item, about WORK million multiply-adds: more would be slow to balance, single rows slow to
 * start. */
static int rows_per_item(const conv_sides *s, const conv_geometry *g, int positions, int work) {
    const double row = (double)positions * s->out_w * s->out_c * g->kh * g->kw * s->in_c;
    const int rows = (int)(1e6 * work / (row + 1));
    return rows < 1 ? 1 : rows > s->out_h ? s->out_h : rows;
}

/* What the two spaces come to. */
typedef struct data_tile {
    bool dot;
    int lanes, vectors, positions, work;
} data_tile;

static bool choose_data_tile(const clae_device *device, const op_desc *desc, const op_choice *choice, data_tile *tile) {
    int v[TUNE_MAX_PARAMETERS];
    const tune_space *space = conv_direct_space(device, desc);
    if (!tune_choose(device, desc, choice, space, v)) return false;
    if (space == &conv_direct_dot_space)
        *tile = (data_tile){true, v[DOT_LANES], 1, v[DOT_POSITIONS], v[DOT_WORK]};
    else
        *tile = (data_tile){false, v[LANES], v[VECTORS], v[POSITIONS], v[WORK]};
    return true;
}

static clae_status conv_direct_run_data(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *pack = &opencl_instance_of(instance)->launch[0], *run = pack + 1;
    const conv_geometry *g = &instance->desc.conv.g;
    const view *operand = args->operand;
    const conv_job *job = &conv->job;
    clae_status status = opencl_kernel_set(
        &pack->kernel,
        OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]), arg_view(conv_bias_of(job, args)), arg_view(args->workspace),
                    arg_geometry(g), arg_int(job->sides.spread), arg_int(job->transposed), arg_int(conv->block)));
    if (status == CLAE_OK) status = opencl_launch_run(pack);
    if (status == CLAE_OK)
        status = opencl_kernel_set(
            &run->kernel, OPENCL_ARGS(arg_view(operand[CONV_IN]), arg_view(args->workspace),
                                      arg_view(conv_mask_of(job, args)), arg_view(operand[CONV_OUT]), arg_geometry(g),
                                      arg_int(job->sides.spread), arg_int(job->relu), arg_int(conv->rows)));
    return status == CLAE_OK ? opencl_launch_run(run) : status;
}

static clae_status conv_direct_prepare_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                            op_instance **instance) {
    const conv_sides s = conv_sides_of(desc);
    const conv_geometry *g = &desc->conv.g;
    data_tile tile;
    if (!choose_data_tile(device, desc, choice, &tile)) return conv_no_values(device, desc, choice);
    const int rows = rows_per_item(&s, g, tile.positions, tile.work);
    char options[CONV_OPTIONS_SIZE] = "";
    conv_options_add(options, "-DDOT=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d", tile.dot, tile.lanes, tile.vectors,
                     tile.positions);
    const conv_program program = {"conv_gather_spread_direct.cl", options, {NULL, "conv_run"}};
    conv_instance *made;
    clae_status status = conv_instance_create(device, desc, choice, &program, conv_direct_run_data, &made);
    if (status != CLAE_OK) return status;
    *instance = &made->opencl.base;
    status =
        opencl_kernel_create(opencl_device_of(device), "conv_pack.cl", "", "conv_pack", &made->opencl.launch[0].kernel);
    if (status != CLAE_OK) return opencl_instance_finish(instance, status);
    made->rows = rows;
    made->block = tile.dot ? 1 : tile.lanes * tile.vectors;
    const size_t channels = (size_t)divide_up(s.out_c, made->block) * (size_t)made->block;
    const size_t inputs = (size_t)g->kh * g->kw * s.in_c;
    const size_t one[3] = {1, 1, 1};
    conv_grid(made, 0, (const size_t[]){inputs + 1, 1, 1}, one);
    conv_grid(made, 1, (const size_t[]){divide_up(g->n, tile.positions), divide_up(s.out_h, rows), 1}, one);
    made->opencl.base.workspace_bytes = (inputs + 1) * channels * sizeof(float);
    return CLAE_OK;
}

typedef struct wgrad_tile {
    int lanes, vectors, weights;
} wgrad_tile;

/* `weights` of wide's channels (and taps, without padding) x vectors of narrow's. */
static wgrad_tile fit_wgrad_tile(const conv_geometry *g, const int *v) {
    wgrad_tile tile = {v[WGRAD_LANES], v[WGRAD_VECTORS], 1};
    while (g->narrow_c % tile.lanes != 0) tile.lanes /= 2;
    if (g->narrow_c / tile.lanes % tile.vectors != 0) tile.vectors = 1;
    const int run = g->pw == 0 ? g->kw * g->wide_c : g->wide_c;
    tile.weights = divide_up(run, divide_up(run, v[SUMS] / tile.vectors));
    return tile;
}

/* How much of the images a pass over the sums covers. */
static void choose_wgrad_block(const conv_geometry *g, int cache_kib, int *rows, int *images) {
    const bool is_large = (size_t)g->kw * g->wide_c * g->narrow_c > FEW_ROW_SUMS;
    const size_t cache_floats = (size_t)cache_kib * (is_large ? LARGE_BLOCK : 1) * 1024 / sizeof(float);
    const size_t row = (size_t)g->narrow_w * g->narrow_c + (size_t)g->wide_w * g->wide_c;
    const size_t fit = cache_floats / row ? cache_floats / row : 1;
    *rows = fit < (size_t)g->narrow_h ? (int)fit : g->narrow_h;
    *images = *rows < g->narrow_h ? 1 : (int)(fit / g->narrow_h);
}

static clae_status conv_direct_run_wgrad(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_kernel *partial = &opencl_instance_of(instance)->launch[0].kernel;
    const conv_geometry *g = &instance->desc.conv.g;
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const clae_status status =
        opencl_kernel_set(partial, OPENCL_ARGS(arg_view(v.wide), arg_view(v.narrow), arg_view(args->workspace),
                                               arg_int(g->n), arg_int(conv->chunk), arg_int(conv->job.transposed),
                                               arg_int(conv->job.dbias_count), arg_int(g->sw * g->wide_c)));
    return status == CLAE_OK ? conv_launch_wgrad(instance, args) : status;
}

static clae_status conv_direct_prepare_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice,
                                             op_instance **instance) {
    const conv_geometry *g = &desc->conv.g;
    int values[TUNE_MAX_PARAMETERS], rows, images;
    if (!tune_choose(device, desc, choice, &conv_direct_wgrad_space, values))
        return conv_no_values(device, desc, choice);
    const wgrad_tile tile = fit_wgrad_tile(g, values);
    choose_wgrad_block(g, values[CACHE_KIB], &rows, &images);
    const bool whole = (size_t)g->kh * g->kw * g->wide_c * g->narrow_c <= MOST_WHOLE_WEIGHTS;
    const int kernel_rows = whole ? g->kh : 1;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLANES=%d -DVECTORS=%d -DTILE=%d -DROWS=%d -DIMAGES=%d -DKERNEL_ROWS=%d", tile.lanes,
                     tile.vectors, tile.weights, rows, images, kernel_rows);
    const conv_program program = {"conv_wgrad_direct.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    conv_instance *made;
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_direct_run_wgrad, &made);
    if (status != CLAE_OK) return status;
    conv_split_batch(g->n, whole ? MOST_WHOLE_CHUNKS : values[CHUNKS], &made->chunk, &made->chunks);
    const size_t bias = desc->conv.with_bias ? 1 : 0;
    const size_t one[3] = {1, 1, 1};
    conv_grid(made, 0, (const size_t[]){made->chunks, divide_up(g->kh, kernel_rows) + bias, 1}, one);
    conv_grid(made, 1, (const size_t[]){(size_t)g->kh * g->kw * g->wide_c + bias, 1, 1}, one);
    made->opencl.base.workspace_bytes = made->chunks * made->job.slice_floats * sizeof(float);
    *instance = &made->opencl.base;
    return CLAE_OK;
}

static bool conv_direct_suits(const clae_device *device, const op_desc *desc) {
    return opencl_is_cpu(device, desc) && !opencl_conv_is_product(desc);
}

static bool conv_direct_supports(const clae_device *device, const op_desc *desc) {
    return opencl_supports_long_loops(device, desc) && conv_has_relu_at_most(desc) &&
           conv_sizes_fit(desc, MOST_POSITIONS);
}

static clae_status conv_direct_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                       op_instance **instance) {
    return conv_kernel_of(desc->op) == CONV_WGRAD ? conv_direct_prepare_wgrad(device, desc, choice, instance)
                                                  : conv_direct_prepare_data(device, desc, choice, instance);
}

const op_impl opencl_conv_direct = {
    .name = "direct",
    .suits = conv_direct_suits,
    .supports = conv_direct_supports,
    .prepare = conv_direct_prepare,
    .space = conv_direct_space,
};
