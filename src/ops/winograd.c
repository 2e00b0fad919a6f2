#include "ops/winograd.h"

#include "base/numbers.h"

enum {
    /* Tiles that share one pass over the weights: fewer read the weights too often, more fall out of the cache. */
    FEWEST_TILES = 24,
    MOST_TILES = 64,
    SPLIT_TILES = 48,
    FEWEST_CHANNELS = 16,
    FEWEST_POSITIONS = 4, /* on an axis */
    /* Floats of all transformed weights, or sums of wgrad's products, and of a group's transformed tiles: with more
     * the algorithm lives in slow memory, and takes too much of it. */
    MOST_FLOATS = 1024 * 1024,
};

int winograd_size(int kernel) {
    return kernel == 5 ? 8 : kernel == 3 ? 6 : 0;
}

bool winograd_has_transforms(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return g->sh == 1 && g->sw == 1 && g->kh == g->kw && winograd_size(g->kh) && g->n > 0 && g->narrow_h > 0 &&
           g->narrow_w > 0;
}

bool winograd_can(const op_desc *desc, int lanes) {
    const conv_geometry *g = &desc->conv.g;
    const size_t size = (size_t)winograd_size(g->kh), channels = (size_t)g->wide_c + (size_t)g->narrow_c;
    if (!winograd_has_transforms(desc) || g->wide_c % lanes != 0 || g->narrow_c % lanes != 0) return false;
    const winograd_grid grid = winograd_make_grid(desc);
    return size * size * (size_t)g->wide_c * (size_t)g->narrow_c <= MOST_FLOATS &&
           size * size * (size_t)grid.most_tiles * channels <= MOST_FLOATS;
}

bool winograd_pays(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return g->wide_c >= FEWEST_CHANNELS && g->narrow_c >= FEWEST_CHANNELS && g->narrow_h >= FEWEST_POSITIONS &&
           g->narrow_w >= FEWEST_POSITIONS;
}

int winograd_support_words(const conv_geometry *g) {
    return divide_up(g->narrow_w, 32);
}

size_t winograd_support_count(const conv_geometry *g) {
    const size_t words = (size_t)winograd_support_words(g);
    const size_t wide = (size_t)g->wide_h * (words + 1) * (size_t)g->wide_c;
    return (wide + (size_t)g->narrow_h * words * (size_t)g->narrow_c + 15) / 16 * 16;
}

/* The tiles of images; they are not divided into groups yet. */
static winograd_grid tiles_of(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    const bool spread = conv_kernel_of(desc->op) == CONV_SPREAD;
    const int step = winograd_size(g->kh) - g->kh + 1;
    winograd_grid grid = {.n = g->n,
                          .tiles_y = divide_up(spread ? g->wide_h : g->narrow_h, step),
                          .tiles_x = divide_up(spread ? g->wide_w : g->narrow_w, step),
                          .images = 1};
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

/* An odd number of cache lines: an even one makes the elements of a tile share few sets of the cache. */
int winograd_stride(const winograd_grid *grid, int channels) {
    return (grid->most_tiles * channels + 15) / 16 * 16 | 16;
}
