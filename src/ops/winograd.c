#include "ops/winograd.h"

#include "base/memory.h"
#include "base/numbers.h"

enum {
    /* Tiles that share one pass over the weights: fewer read the weights too often, more fall out of the cache. */
    FEWEST_TILES = 24,
    MOST_TILES = 64,
    SPLIT_TILES = 48,
    FEWEST_SPLITS = 4,
    MOST_SPLITS = 16,
    SPLIT_FLOATS = 1100 * 1000,
    FEWEST_CHANNELS = 16,
    FEWEST_POSITIONS = 4,     /* on an axis */
    FEWEST_STRIDED_TILES = 4, /* of an image, which share transformed weights that are many */
    /* Floats of sums of wgrad's products, of all transformed weights, and of a group's transformed tiles: with more
     * the algorithm lives in slow memory, and takes too much of it. */
    MOST_SUMS = 1024 * 1024,
    MOST_WEIGHTS = 4 * 1024 * 1024,
    MOST_TILE_FLOATS = 1280 * 1024,
    FEWEST_BATCHED_CHANNELS = 32,
    MOST_BATCHED = 64 * 1024 * 1024, /* floats of sums or weights */
};

/* Times as many products by definition, for which transforms pay with stride 2 or in batches. */
#define FEWEST_SAVED 1.9

winograd_phase winograd_get_phase(int wide, int kernel, int stride, int pad, int index) {
    const int tap = (pad + index) % stride;
    return (winograd_phase){.first = index,
                            .count = index < wide ? divide_up(wide - index, stride) : 0,
                            .tap = tap,
                            .taps = tap < kernel ? divide_up(kernel - tap, stride) : 0,
                            .offset = (tap - pad - index) / stride};
}

int winograd_taps(const conv_geometry *g) {
    return divide_up(g->kh, g->sh);
}

int winograd_size(const conv_geometry *g) {
    static const int sizes[] = {[2] = 5, [3] = 6, [5] = 8};
    const int taps = winograd_taps(g);
    return taps < (int)ARRAY_LENGTH(sizes) ? sizes[taps] : 0;
}

bool winograd_has_transforms(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return g->sh == g->sw && g->sh <= WINOGRAD_MAX_STRIDE && g->kh == g->kw && winograd_size(g) && g->n > 0 &&
           g->narrow_h > 0 && g->narrow_w > 0;
}

bool winograd_has_dense_transforms(const op_desc *desc) {
    return desc->conv.g.sh == 1 && desc->conv.g.kh > 2 && winograd_has_transforms(desc);
}

static bool has_whole_vectors(const op_desc *desc, int lanes) {
    return desc->conv.g.wide_c % lanes == 0 && desc->conv.g.narrow_c % lanes == 0;
}

/* Of all phases of wide. */
static size_t wide_channels(const conv_geometry *g) {
    return (size_t)(g->sh * g->sw) * (size_t)g->wide_c;
}

size_t winograd_weights(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return (size_t)(winograd_size(g) * winograd_size(g)) * wide_channels(g) * (size_t)g->narrow_c;
}

bool winograd_can(const op_desc *desc, int lanes) {
    const conv_geometry *g = &desc->conv.g;
    if (!winograd_has_transforms(desc) || !has_whole_vectors(desc, lanes)) return false;
    const winograd_grid grid = winograd_make_grid(desc);
    const size_t elements = (size_t)winograd_size(g) * (size_t)winograd_size(g), wide_c = wide_channels(g);
    const size_t most = conv_kernel_of(desc->op) == CONV_WGRAD ? MOST_SUMS : MOST_WEIGHTS;
    return winograd_weights(desc) <= most &&
           elements * (size_t)grid.most_tiles * (wide_c + (size_t)g->narrow_c) <= MOST_TILE_FLOATS;
}

/* Times as many products by definition. Whatever n: results do not depend on the batch size. */
static double times_saved(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const winograd_grid grid = winograd_make_grid(desc);
    const int tiles = grid.tiles_y * grid.tiles_x, size = winograd_size(g);
    const size_t direct = conv_axis_pairs(g->narrow_h, g->wide_h, g->kh, g->sh, g->ph) *
                          conv_axis_pairs(g->narrow_w, g->wide_w, g->kw, g->sw, g->pw);
    return (double)direct / ((double)(size * size * g->sh * g->sw) * tiles);
}

static bool strided_pays(const op_desc *desc, int fewest_wgrad_tiles) {
    const winograd_grid grid = winograd_make_grid(desc);
    const int fewest = conv_kernel_of(desc->op) == CONV_WGRAD ? fewest_wgrad_tiles : FEWEST_STRIDED_TILES;
    return times_saved(desc) >= FEWEST_SAVED && grid.tiles_y * grid.tiles_x >= fewest;
}

bool winograd_pays(const op_desc *desc, int fewest_wgrad_tiles) {
    const conv_geometry *g = &desc->conv.g;
    return winograd_has_transforms(desc) && g->wide_c >= FEWEST_CHANNELS && g->narrow_c >= FEWEST_CHANNELS &&
           g->narrow_h >= FEWEST_POSITIONS && g->narrow_w >= FEWEST_POSITIONS &&
           (g->sh == 1 || strided_pays(desc, fewest_wgrad_tiles));
}

bool winograd_can_batch(const op_desc *desc, int lanes) {
    return winograd_has_transforms(desc) && has_whole_vectors(desc, lanes) && winograd_weights(desc) <= MOST_BATCHED;
}

bool winograd_batch_pays(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return winograd_has_transforms(desc) && g->wide_c >= FEWEST_BATCHED_CHANNELS &&
           g->narrow_c >= FEWEST_BATCHED_CHANNELS && g->narrow_h >= FEWEST_POSITIONS &&
           g->narrow_w >= FEWEST_POSITIONS && times_saved(desc) >= FEWEST_SAVED;
}

int winograd_support_words(const conv_geometry *g) {
    return divide_up(g->narrow_w, 32);
}

size_t winograd_support_phase(const conv_geometry *g) {
    return (size_t)divide_up(g->wide_h, g->sh) * (size_t)(winograd_support_words(g) + 1) * (size_t)g->wide_c;
}

size_t winograd_support_count(const conv_geometry *g) {
    const size_t words = (size_t)winograd_support_words(g);
    return ((size_t)(g->sh * g->sw) * winograd_support_phase(g) + (size_t)g->narrow_h * words * (size_t)g->narrow_c +
            15) /
           16 * 16;
}

/* The tiles of images; they are not divided into groups yet. */
static winograd_grid tiles_of(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool spread = conv_kernel_of(desc->op) == CONV_SPREAD;
    const int step = winograd_size(g) - winograd_taps(g) + 1;
    const int h = spread ? divide_up(g->wide_h, g->sh) : g->narrow_h,
              w = spread ? divide_up(g->wide_w, g->sw) : g->narrow_w;
    winograd_grid grid = {.n = g->n, .tiles_y = divide_up(h, step), .tiles_x = divide_up(w, step), .images = 1};
    grid.rows = grid.tiles_y;
    return grid;
}

static void count_groups(winograd_grid *grid) {
    grid->groups_y = divide_up(grid->tiles_y, grid->rows);
    grid->groups = divide_up(grid->n, grid->images) * grid->groups_y;
    grid->most_tiles = grid->images * grid->rows * grid->tiles_x;
}

winograd_grid winograd_make_grid(const op_desc *desc) {
    winograd_grid grid = tiles_of(desc);
    const int tiles = grid.tiles_y * grid.tiles_x;
    if (tiles < FEWEST_TILES) grid.images = divide_up(FEWEST_TILES, tiles); /* whatever n: kernels are built with it */
    if (tiles > MOST_TILES) grid.rows = SPLIT_TILES > grid.tiles_x ? SPLIT_TILES / grid.tiles_x : 1;
    count_groups(&grid);
    return grid;
}

winograd_grid winograd_make_grid_within(const op_desc *desc, int most_tiles) {
    winograd_grid grid = tiles_of(desc);
    const int tiles = grid.tiles_y * grid.tiles_x;
    grid.images = smaller(grid.n, larger(most_tiles / tiles, 1));
    if (tiles > most_tiles) grid.rows = larger(most_tiles / grid.tiles_x, 1);
    count_groups(&grid);
    return grid;
}

int winograd_wgrad_splits(size_t sum_floats) {
    return larger(FEWEST_SPLITS, smaller(MOST_SPLITS, (int)(SPLIT_FLOATS / sum_floats)));
}

int winograd_block_of(int channels, int lanes, int most) {
    const int vectors = channels / lanes;
    int block = smaller(vectors, most / lanes);
    while (vectors % block != 0) block--;
    return block * lanes;
}

/* An odd number of cache lines: an even one makes the elements of a tile share few sets of the cache. */
int winograd_stride(const winograd_grid *grid, int channels) {
    return (grid->most_tiles * channels + 15) / 16 * 16 | 16;
}
