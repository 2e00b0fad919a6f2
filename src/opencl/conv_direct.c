/* Convolutions for devices whose work-items are threads with vector units: cl/conv_gather_spread_direct.cl and
 * cl/conv_filter_direct.cl. */
#include "opencl/conv.h"

#include "base/memory.h"
#include "base/numbers.h"

/* Filter: chunks of the batch; more where a work-item takes all rows of the kernel, so few weights that they stay in
 * the cache beside the images. */
enum { MOST_CHUNKS = 16, MOST_WHOLE_CHUNKS = 50, MOST_WHOLE_WEIGHTS = 1024 };

/* Sums in registers: positions x vectors of so many lanes. AVX2 has 16 registers, AVX-512 32; sums, weights and one
 * value of the image must fit. */
typedef struct conv_tile {
    int lanes, vectors, positions;
} conv_tile;

enum { MOST_POSITIONS = 12 };
static const conv_tile data_tiles[] = {
    {16, 2, 10}, {16, 1, 12}, {8, 2, 6}, {8, 3, 4}, {8, 1, 10}, {4, 2, 6}, {4, 3, 4}, {4, 1, 10},
};

/* Few output channels: vectors over input channels. */
static const conv_tile dot_tiles[] = {{16, 1, 5}, {8, 1, 5}, {4, 1, 5}};

static bool tile_is_valid(const conv_tile *tile, int width) {
    const int registers = tile->lanes == 16 ? 32 : 16;
    return tile->lanes <= width && tile->vectors * tile->positions + tile->vectors + 1 <= registers;
}

/* Vector multiply-adds for all output channels of one position and input, in 1/64: with many sums beside one another
 * they cost less. */
static int tile_cost(const conv_tile *tile, int out_c) {
    const int vectors = divide_up(out_c, tile->vectors * tile->lanes) * tile->vectors;
    return vectors * (tile->vectors == 1 ? 70 : 64);
}

/* The tile for vectors of at most `width` lanes, 4 or more; whether it is one of the dot_tiles. */
static bool choose_data_tile(const conv_sides *s, int width, conv_tile *best) {
    bool found = false;
    for (size_t i = 0; i < ARRAY_LENGTH(data_tiles); i++) {
        const conv_tile *tile = &data_tiles[i];
        if (!tile_is_valid(tile, width)) continue;
        if (found && tile_cost(tile, s->out_c) > tile_cost(best, s->out_c)) continue;
        if (found && tile_cost(tile, s->out_c) == tile_cost(best, s->out_c) &&
            tile->lanes * tile->vectors >= best->lanes * best->vectors)
            continue;
        *best = *tile;
        found = true;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(dot_tiles); i++) {
        const conv_tile *tile = &dot_tiles[i];
        if (!tile_is_valid(tile, width) || s->in_c % tile->lanes != 0 || s->out_c * 2 >= tile->lanes) continue;
        *best = *tile;
        return true;
    }
    return false;
}

/* Rows of output for a work-item, about 12 M multiply-adds' worth: more would be slow to balance, single rows slow to
 * start. */
static int rows_per_item(const conv_sides *s, const conv_geometry *g, int positions) {
    const double row = (double)positions * s->out_w * s->out_c * g->kh * g->kw * s->in_c;
    const int rows = (int)(12e6 / (row + 1));
    return rows < 1 ? 1 : rows > s->out_h ? s->out_h : rows;
}

static clae_status prepare_data(clae_device *device, const op_desc *desc, const op_impl *impl, op_instance **instance) {
    const conv_sides s = conv_sides_of(desc);
    const conv_geometry *g = &desc->conv.g;
    conv_tile tile = {0};
    const bool dot = choose_data_tile(&s, (int)opencl_device_of(device)->vector_width, &tile);
    const int rows = rows_per_item(&s, g, tile.positions);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DDOT=%d -DLANES=%d -DVECTORS=%d -DPOSITIONS=%d -DROWS=%d", dot, tile.lanes,
                     tile.vectors, tile.positions, rows);
    const conv_program program = {"conv_gather_spread_direct.cl", options, {"conv_pack", "conv_run"}};
    conv_instance *made;
    const clae_status status = conv_instance_create(device, desc, impl, &program, conv_run_packed, &made);
    if (status != CLAE_OK) return status;
    const size_t block = dot ? 1 : (size_t)tile.lanes * tile.vectors;
    const size_t channels = ((size_t)s.out_c + block - 1) / block * block;
    const size_t inputs = (size_t)g->kh * g->kw * s.in_c;
    const size_t one[3] = {1, 1, 1};
    conv_grid(made, 0, (const size_t[]){inputs + 1, 1, 1}, one);
    conv_grid(made, 1, (const size_t[]){divide_up(g->n, tile.positions), divide_up(s.out_h, rows), 1}, one);
    made->opencl.base.workspace_bytes = (inputs + 1) * channels * sizeof(float);
    *instance = &made->opencl.base;
    return CLAE_OK;
}

/* Sums of filter: `positions` weights of wide's channels (and taps, without padding) x vectors of narrow's. Lanes and
 * vectors divide narrow's channels. */
static conv_tile choose_filter_tile(const conv_geometry *g, int width) {
    conv_tile tile = {width, 2, 1};
    while (g->narrow_c % tile.lanes != 0) tile.lanes /= 2;
    if (g->narrow_c / tile.lanes % 2 != 0) tile.vectors = 1;
    const int run = g->pw == 0 ? g->kw * g->wide_c : g->wide_c;
    const int most = (tile.lanes == 16 ? 20 : 12) / tile.vectors;
    tile.positions = divide_up(run, divide_up(run, most));
    return tile;
}

/* How much of the images a pass over the sums covers: what the first-level cache holds. */
static void choose_filter_block(const conv_geometry *g, int *rows, int *images) {
    const size_t cache_floats = 20 * 1024 / sizeof(float);
    const size_t row = (size_t)g->narrow_w * g->narrow_c + (size_t)g->wide_w * g->wide_c;
    const size_t fit = cache_floats / row ? cache_floats / row : 1;
    *rows = fit < (size_t)g->narrow_h ? (int)fit : g->narrow_h;
    *images = *rows < g->narrow_h ? 1 : (int)(fit / g->narrow_h);
}

static clae_status prepare_filter(clae_device *device, const op_desc *desc, const op_impl *impl,
                                  op_instance **instance) {
    const conv_geometry *g = &desc->conv.g;
    const conv_tile tile = choose_filter_tile(g, (int)opencl_device_of(device)->vector_width);
    int rows, images;
    choose_filter_block(g, &rows, &images);
    const bool whole = (size_t)g->kh * g->kw * g->wide_c * g->narrow_c <= MOST_WHOLE_WEIGHTS;
    const int kernel_rows = whole ? g->kh : 1;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLANES=%d -DVECTORS=%d -DTILE=%d -DROWS=%d -DIMAGES=%d -DKERNEL_ROWS=%d", tile.lanes,
                     tile.vectors, tile.positions, rows, images, kernel_rows);
    const conv_program program = {"conv_filter_direct.cl", options, {"conv_filter_partial", "conv_filter_reduce"}};
    conv_instance *made;
    const clae_status status = conv_instance_create(device, desc, impl, &program, conv_run_filter_split, &made);
    if (status != CLAE_OK) return status;
    conv_split_batch(g->n, whole ? MOST_WHOLE_CHUNKS : MOST_CHUNKS, &made->chunk, &made->chunks);
    const size_t bias = desc->conv.with_bias ? 1 : 0;
    const size_t one[3] = {1, 1, 1};
    conv_grid(made, 0, (const size_t[]){made->chunks, divide_up(g->kh, kernel_rows) + bias, 1}, one);
    conv_grid(made, 1, (const size_t[]){(size_t)g->kh * g->kw * g->wide_c + bias, 1, 1}, one);
    made->opencl.base.workspace_bytes = made->chunks * conv_slice_count(desc) * sizeof(float);
    *instance = &made->opencl.base;
    return CLAE_OK;
}

bool opencl_conv_direct_suits(const clae_device *device, const op_desc *desc) {
    return opencl_is_cpu(device, desc);
}

bool opencl_conv_direct_supports(const clae_device *device, const op_desc *desc) {
    return opencl_supports_long_loops(device, desc) && conv_sizes_fit(desc, MOST_POSITIONS);
}

clae_status opencl_conv_direct_prepare(clae_device *device, const op_desc *desc, const op_impl *entry,
                                       op_instance **instance) {
    return conv_kernel_of(desc->op) == CONV_FILTER ? prepare_filter(device, desc, entry, instance)
                                                   : prepare_data(device, desc, entry, instance);
}
