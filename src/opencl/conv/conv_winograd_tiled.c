/* Winograd's algorithm for devices whose work-groups share local memory: cl/conv_gather_spread_winograd_tiled.cl and
 * cl/conv_wgrad_winograd_tiled.cl. */
#include "opencl/conv/conv_winograd_group.h"
#include "opencl/impls.h"

#include "base/numbers.h"

enum {
    MOST_ITEMS = 256, /* of a work-group; fewer where the device or the built kernels want that */
    DEPTH = 16,
    CPU_TILES = 64, /* CPUs are filled by few tiles, however many cores they have */
    CHUNK_TILES = 32,
    BIAS_CHUNKS = 64,
};

enum { PACK, TRANSFORM, PRODUCT, FINISH }; /* launches of gather and spread */

/* Items of a product's work-group; BLOCK columns of it, and ROW_VECTORS x 4 rows of an item. A group of tiles fills the
 * device, TILES_PER_UNIT for each compute unit, and is no larger, so that it stays in the caches that there are. Wgrad
 * divides a group in CHUNKS at most. */
enum { PRODUCT_ITEMS, BLOCK, ROW_VECTORS, TILES_PER_UNIT, CHUNKS };

static int tile_floats(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return winograd_size(g) * winograd_size(g) * (conv_winograd_padded(g->wide_c) + conv_winograd_padded(g->narrow_c));
}

static winograd_grid conv_winograd_tiled_choose_grid(const clae_device *device, const op_desc *desc, const int *v) {
    const int fit = WINOGRAD_MOST_FLOATS / tile_floats(desc), units = (int)device->info.compute_units;
    const int wanted = device->info.type == CLAE_DEVICE_CPU ? CPU_TILES : v[TILES_PER_UNIT] * smaller(units, fit);
    return winograd_make_grid_within(desc, smaller(fit, wanted));
}

/* Work-groups of transforms and of the product, as the macros of the same names. */
typedef struct shape {
    int pairs, items; /* of transforms */
    int product_items, block_rows, block_columns, row_vectors;
} shape;

/* A block of the product is no larger than its `rows` and `columns` want. */
static shape conv_winograd_tiled_choose_shape(int size, int most_items, const int *v, int rows, int columns) {
    shape s = {.pairs = WINOGRAD_MOST_PAIRS, .product_items = smaller(most_items, v[PRODUCT_ITEMS])};
    while (s.pairs * size > most_items) s.pairs /= 2;
    s.items = s.pairs * size;
    s.block_columns = 16;
    while (s.block_columns < columns && s.block_columns < v[BLOCK] && s.block_columns / 2 <= s.product_items)
        s.block_columns *= 2;
    const int items_x = s.block_columns / 4;
    s.row_vectors = v[ROW_VECTORS];
    for (;;) {
        s.block_rows = s.product_items / items_x * s.row_vectors * 4;
        if (s.block_rows / 2 < rows || s.product_items <= items_x) return s;
        if (s.row_vectors == 2)
            s.row_vectors = 1;
        else
            s.product_items /= 2;
    }
}

static shape conv_winograd_tiled_shape_of(const clae_device *device, const op_desc *desc, int items, const int *v) {
    const conv_geometry *g = &desc->conv.g;
    if (conv_kernel_of(desc->op) == CONV_WGRAD)
        return conv_winograd_tiled_choose_shape(winograd_size(g), items, v, g->wide_c, g->narrow_c);
    return conv_winograd_tiled_choose_shape(winograd_size(g), items, v,
                                            conv_winograd_tiled_choose_grid(device, desc, v).most_tiles,
                                            conv_sides_of(desc).out_c);
}

static bool conv_winograd_tiled_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    if (!winograd_has_dense_transforms(desc) || !conv_is_power_of_2(v[PRODUCT_ITEMS]) ||
        v[PRODUCT_ITEMS] < WINOGRAD_FEWEST_ITEMS || v[PRODUCT_ITEMS] > MOST_ITEMS || !conv_is_power_of_2(v[BLOCK]) ||
        v[BLOCK] < 16 || v[BLOCK] > 128 || v[ROW_VECTORS] > 2)
        return false;
    const shape s = conv_winograd_tiled_shape_of(device, desc, MOST_ITEMS, v);
    const size_t staged = DEPTH * ((size_t)s.block_rows + 4 + (size_t)s.block_columns);
    const size_t size = (size_t)winograd_size(&desc->conv.g), squares = size * size * (size_t)s.pairs;
    return (staged > squares ? staged : squares) * sizeof(float) <= conv_local_bytes(device);
}

static const tune_space conv_winograd_tiled_data_space = {
    .kernel = "conv_gather_spread_winograd_tiled",
    .count = 4,
    .parameters = {{"PRODUCT_ITEMS", TUNE_CANDIDATES(32, 64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(16, 32, 64, 128)},
                   {"ROW_VECTORS", TUNE_CANDIDATES(1, 2)},
                   {"TILES_PER_UNIT", TUNE_CANDIDATES(8, 16, 32, 64, 128)}},
    .is_valid = conv_winograd_tiled_is_valid,
};

static const tune_space conv_winograd_tiled_wgrad_space = {
    .kernel = "conv_wgrad_winograd_tiled",
    .count = 5,
    .parameters = {{"PRODUCT_ITEMS", TUNE_CANDIDATES(32, 64, 128, 256)},
                   {"BLOCK", TUNE_CANDIDATES(16, 32, 64, 128)},
                   {"ROW_VECTORS", TUNE_CANDIDATES(1, 2)},
                   {"TILES_PER_UNIT", TUNE_CANDIDATES(8, 16, 32, 64, 128)},
                   {"CHUNKS", TUNE_CANDIDATES(4, 8, 16, 32)}},
    .is_valid = conv_winograd_tiled_is_valid,
};

static const tune_space *conv_winograd_tiled_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? &conv_winograd_tiled_wgrad_space : &conv_winograd_tiled_data_space;
}

static clae_status conv_winograd_tiled_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                              const shape *s, const int *v, conv_program *program,
                                              clae_status (*run)(op_instance *, const op_args *),
                                              conv_instance **made) {
    const int kernel = desc->conv.g.kh, size = winograd_size(&desc->conv.g);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(
        options,
        " -DSIZE=%d -DSTEP=%d -DTAPS=%d -DPAIRS=%d -DPRODUCT_ITEMS=%d -DBLOCK_COLUMNS=%d -DROW_VECTORS=%d -DDEPTH=%d",
        size, size - kernel + 1, kernel, s->pairs, s->product_items, s->block_columns, s->row_vectors, DEPTH);
    program->options = options;
    const clae_status status = conv_instance_create(device, desc, choice, program, run, made);
    if (status == CLAE_OK) (*made)->grid = conv_winograd_tiled_choose_grid(device, desc, v);
    return status;
}

static void conv_winograd_tiled_transform_grid(conv_instance *made, int launch, const shape *s, int groups, int kinds) {
    conv_grid(made, launch, (const size_t[]){(size_t)groups * s->items, kinds, 1}, (const size_t[]){s->items, 1, 1});
}

static void conv_winograd_tiled_product_grid(conv_instance *made, int launch, const shape *s, int blocks, int y,
                                             int z) {
    conv_grid(made, launch, (const size_t[]){(size_t)blocks * s->product_items, y, z},
              (const size_t[]){s->product_items, 1, 1});
}

static clae_status conv_winograd_tiled_run_data(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const conv_job *job = &conv->job;
    const conv_sides s = job->sides;
    const size_t in_image = (size_t)s.in_h * s.in_w * s.in_c, out_image = (size_t)s.out_h * s.out_w * s.out_c;
    const view *operand = args->operand, work = args->workspace, mask = conv_mask_of(job, args);
    clae_status status = opencl_kernel_set(
        &launch[PACK].kernel, OPENCL_ARGS(arg_view(operand[CONV_IN_WEIGHT]), arg_view(work), arg_int(job->transposed)));
    if (status == CLAE_OK) status = opencl_launch_run(&launch[PACK]);
    for (int i = 0; i < conv->grid.groups && status == CLAE_OK; i++) {
        const winograd_group group = winograd_get_group(&conv->grid, i);
        const size_t first = (size_t)group.image_first;
        const int images = group.image_end - group.image_first, rows = group.row_end - group.row_first;
        status = opencl_kernel_set(&launch[TRANSFORM].kernel,
                                   OPENCL_ARGS(arg_view(view_moved(operand[CONV_IN], first * in_image)), arg_view(work),
                                               arg_int(images), arg_int(group.row_first), arg_int(rows)));
        if (status == CLAE_OK) status = opencl_launch_run(&launch[TRANSFORM]);
        if (status == CLAE_OK)
            status = opencl_kernel_set(&launch[PRODUCT].kernel,
                                       OPENCL_ARGS(arg_view(work), arg_view(work), arg_int(group.tiles)));
        if (status == CLAE_OK) status = opencl_launch_run(&launch[PRODUCT]);
        if (status == CLAE_OK)
            status = opencl_kernel_set(&launch[FINISH].kernel,
                                       OPENCL_ARGS(arg_view(work), arg_view(conv_bias_of(job, args)),
                                                   arg_view(view_moved(mask, first * out_image)),
                                                   arg_view(view_moved(operand[CONV_OUT], first * out_image)),
                                                   arg_int(images), arg_int(group.row_first), arg_int(rows),
                                                   arg_int(job->relu)));
        if (status == CLAE_OK) status = opencl_launch_run(&launch[FINISH]);
    }
    return status;
}

static clae_status conv_winograd_tiled_create_data(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                   int items, const int *v, conv_instance **made) {
    const int size = winograd_size(&desc->conv.g);
    const conv_sides sides = conv_sides_of(desc);
    const int tiles = conv_winograd_tiled_choose_grid(device, desc, v).most_tiles;
    const shape s = conv_winograd_tiled_shape_of(device, desc, items, v);
    conv_program program = {
        "conv_gather_spread_winograd_tiled.cl", NULL, {"conv_pack", "conv_transform", "conv_product", "conv_finish"}};
    const clae_status status =
        conv_winograd_tiled_create(device, desc, choice, &s, v, &program, conv_winograd_tiled_run_data, made);
    if (status != CLAE_OK) return status;
    conv_winograd_tiled_transform_grid(*made, PACK, &s, divide_up(sides.in_c * sides.out_c, s.pairs), 1);
    conv_winograd_tiled_transform_grid(*made, TRANSFORM, &s, divide_up(tiles * sides.in_c, s.pairs), 1);
    conv_winograd_tiled_product_grid(*made, PRODUCT, &s, divide_up(tiles, s.block_rows),
                                     divide_up(sides.out_c, s.block_columns), size * size);
    conv_winograd_tiled_transform_grid(*made, FINISH, &s, divide_up(tiles * sides.out_c, s.pairs), 1);
    for (int i = TRANSFORM; i <= FINISH; i++)
        opencl_launch_share(&(*made)->opencl.launch[i], (size_t)(*made)->grid.groups);
    (*made)->opencl.base.workspace_bytes =
        ((size_t)conv_winograd_padded_weights(desc) + (size_t)tiles * tile_floats(desc)) * sizeof(float);
    return CLAE_OK;
}

static clae_status conv_winograd_tiled_run_wgrad(op_instance *instance, const op_args *args) {
    const conv_instance *conv = (conv_instance *)instance;
    opencl_launch *launch = opencl_instance_of(instance)->launch;
    const op_desc *desc = &instance->desc;
    const conv_geometry *g = &desc->conv.g;
    const winograd_wgrad_places p = conv_winograd_wgrad_places(desc, conv, BIAS_CHUNKS);
    const conv_wgrad_views v = conv_wgrad_views_of(&conv->job, args);
    const size_t wide_image = (size_t)g->wide_h * g->wide_w * g->wide_c;
    const size_t narrow_image = (size_t)g->narrow_h * g->narrow_w * g->narrow_c;
    const int dy_c = conv->job.dbias_count;
    const view work = args->workspace;
    clae_status status = CLAE_OK;
    for (int i = 0; i < conv->grid.groups && status == CLAE_OK; i++) {
        const winograd_group group = winograd_get_group(&conv->grid, i);
        const size_t first = (size_t)group.image_first;
        opencl_launch transform = launch[WGRAD_TRANSFORM];
        if (dy_c && i == 0) transform.global[1]++;
        status = opencl_kernel_set(&transform.kernel,
                                   OPENCL_ARGS(arg_view(view_moved(v.wide, first * wide_image)),
                                               arg_view(view_moved(v.narrow, first * narrow_image)), arg_view(v.dy),
                                               arg_view(work), arg_ulong(p.dbias), arg_ulong(p.end),
                                               arg_int(group.image_end - group.image_first), arg_int(group.row_first),
                                               arg_int(group.row_end - group.row_first), arg_ulong(p.dy_pixels),
                                               arg_int(p.bias_chunks), arg_int(dy_c)));
        if (status == CLAE_OK) status = opencl_launch_run(&transform);
        if (status == CLAE_OK)
            status = opencl_kernel_set(&launch[WGRAD_PRODUCT].kernel,
                                       OPENCL_ARGS(arg_view(work), arg_view(work), arg_ulong(p.end),
                                                   arg_int(group.tiles), arg_int(conv->chunk), arg_int(i > 0)));
        if (status == CLAE_OK) status = opencl_launch_run(&launch[WGRAD_PRODUCT]);
    }
    return status == CLAE_OK ? conv_winograd_wgrad_finish(instance, args, &p) : status;
}

/* Chunks of a group's tiles: enough to fill the device, of many tiles each, and no more than memory has room for. */
static void split_tiles(conv_instance *made, const op_desc *desc, int most_chunks) {
    const int tiles = made->grid.most_tiles, fit = larger(WINOGRAD_MOST_FLOATS / conv_winograd_padded_weights(desc), 1);
    const int chunks = smaller(smaller(most_chunks, fit), divide_up(tiles, CHUNK_TILES));
    made->chunk = divide_up(divide_up(tiles, chunks), DEPTH) * DEPTH;
    made->chunks = divide_up(tiles, made->chunk);
}

static clae_status conv_winograd_tiled_create_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice,
                                                    int items, const int *v, conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    const int size = winograd_size(g);
    const shape s = conv_winograd_tiled_shape_of(device, desc, items, v);
    conv_program program = {"conv_wgrad_winograd_tiled.cl",
                            NULL,
                            {"conv_wgrad_transform", "conv_wgrad_product", "conv_wgrad_support", "conv_wgrad_reduce"}};
    const clae_status status =
        conv_winograd_tiled_create(device, desc, choice, &s, v, &program, conv_winograd_tiled_run_wgrad, made);
    if (status != CLAE_OK) return status;
    split_tiles(*made, desc, v[CHUNKS]);
    const winograd_wgrad_places p = conv_winograd_wgrad_places(desc, *made, BIAS_CHUNKS);
    const int dy_c = (*made)->job.dbias_count;
    const int pairs = (*made)->grid.most_tiles * larger(g->wide_c, g->narrow_c);
    conv_winograd_tiled_transform_grid(*made, WGRAD_TRANSFORM, &s,
                                       larger(divide_up(pairs, s.pairs), p.bias_chunks * divide_up(dy_c, s.items)), 2);
    conv_winograd_tiled_product_grid(*made, WGRAD_PRODUCT, &s,
                                     divide_up(g->wide_c, s.block_rows) * divide_up(g->narrow_c, s.block_columns),
                                     size * size, (*made)->chunks);
    conv_winograd_wgrad_grids(*made, desc, &p, s.items, s.pairs);
    for (int i = WGRAD_TRANSFORM; i <= WGRAD_PRODUCT; i++)
        opencl_launch_share(&(*made)->opencl.launch[i], (size_t)(*made)->grid.groups);
    (*made)->opencl.base.workspace_bytes =
        (p.end + (size_t)(*made)->grid.most_tiles * tile_floats(desc)) * sizeof(float);
    return CLAE_OK;
}

static bool conv_winograd_tiled_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc) && winograd_pays(desc, 1);
}

/* A row of tiles is not divided. */
static bool conv_winograd_tiled_supports(const clae_device *device, const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    int v[TUNE_MAX_PARAMETERS];
    if (!conv_has_relu_at_most(desc) || !winograd_has_dense_transforms(desc) || !conv_sizes_fit(desc, 1) ||
        ((const opencl_device *)device)->max_work_group_items < WINOGRAD_FEWEST_ITEMS ||
        !tune_ships(device, desc, conv_winograd_tiled_space(device, desc), v))
        return false;
    const size_t size = (size_t)winograd_size(g), row = (size_t)winograd_make_grid_within(desc, 1).tiles_x;
    const size_t wide = (size_t)conv_winograd_padded(g->wide_c), narrow = (size_t)conv_winograd_padded(g->narrow_c);
    return size * size * wide * narrow <= WINOGRAD_MOST_WEIGHTS &&
           size * size * (wide + narrow) * row <= WINOGRAD_MOST_FLOATS;
}

static clae_status conv_winograd_tiled_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                               op_instance **instance) {
    const bool wgrad = conv_kernel_of(desc->op) == CONV_WGRAD;
    int items = (int)opencl_group_items(opencl_device_of(device), MOST_ITEMS);
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, conv_winograd_tiled_space(device, desc), v))
        return conv_no_values(device, desc, choice);
    while (items >= WINOGRAD_FEWEST_ITEMS) {
        conv_instance *made;
        const clae_status status = wgrad ? conv_winograd_tiled_create_wgrad(device, desc, choice, items, v, &made)
                                         : conv_winograd_tiled_create_data(device, desc, choice, items, v, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return fail(device->context, CLAE_ERROR_DEVICE,
                "%s: the kernels of implementation %s allow fewer than %d items in a work-group", op_name(desc->op),
                choice->impl->name, WINOGRAD_FEWEST_ITEMS);
}

const op_impl opencl_conv_winograd_tiled = {
    .name = "winograd_tiled",
    .suits = conv_winograd_tiled_suits,
    .supports = conv_winograd_tiled_supports,
    .prepare = conv_winograd_tiled_prepare,
    .mixing = WINOGRAD_MIXING,
    .space = conv_winograd_tiled_space,
};
