/* Gather and spread where one side has few channels, for devices whose work-groups share local memory:
 * cl/conv_gather_spread_few_in.cl and cl/conv_gather_spread_few_out.cl. */
#include "opencl/conv/conv_tile.h"
#include "opencl/impls.h"

#include "base/numbers.h"

enum {
    MOST_FEW = 4,        /* channels */
    FEWEST_PLACES = 64,  /* of few outputs: fewer leave most of an item's registers empty */
    MOST_SEGMENT = 40,   /* floats of a row of inputs in registers */
    MOST_COLUMNS = 12,   /* vectors of such a row */
    MOST_UNROLLED = 512, /* vectors that an item multiplies */
    MOST_ROWS = 2,       /* more, and compilers take the registers of two work-groups */
    MOST_PASSES = 4,
    MOST_SLICES = 8,
    BLOCK = 32,
    GROUPS_PER_UNIT = 4,
    LOCAL_BYTES = 32 * 1024,
};

/* The most items of a work-group, and sums of an item. */
enum { ITEMS, SUMS };

static bool conv_few_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    (void)device;
    (void)desc;
    return v[ITEMS] <= 1024 && v[SUMS] >= 4 && v[SUMS] <= 64;
}

static const tune_space conv_few_data_space = {
    .kernel = "conv_gather_spread_few",
    .count = 2,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(64, 128, 256, 512)}, {"SUMS", TUNE_CANDIDATES(16, 24, 32, 48, 64)}},
    .is_valid = conv_few_is_valid,
};

static const tune_space *conv_few_space(const clae_device *device, const op_desc *desc) {
    (void)device;
    return conv_kernel_of(desc->op) == CONV_WGRAD ? NULL : &conv_few_data_space;
}

/* A work-group, as the macros of the same names; `rows` is not of few inputs, nor are `slices`. */
typedef struct conv_few_tile {
    conv_tile_shape shape;
    int items, block, positions, rows, slices;
} conv_few_tile;

/* What is fitted to. */
typedef struct conv_few_fit {
    const op_desc *desc;
    conv_sides sides;
    conv_axes axes;
    size_t local_bytes;
    int units, items, sums;
} conv_few_fit;

static size_t conv_few_in_bytes(const conv_few_fit *f, const conv_few_tile *t) {
    const size_t row = (size_t)((t->shape.w - 1) * f->axes.x.step + f->axes.x.taps) * (size_t)f->sides.in_c + 3;
    const size_t patch = (size_t)((t->shape.h - 1) * f->axes.y.step + f->axes.y.taps) * row;
    const size_t taps = (size_t)f->axes.y.taps * (size_t)f->axes.x.taps;
    return (patch + taps * (size_t)f->sides.in_c * (size_t)t->block) * sizeof(float);
}

/* Rows of an image that tiles of `rows` make. */
static int rows_made(const conv_few_fit *f, int rows) {
    return divide_up(f->axes.y.places, rows) * rows;
}

/* As many rows one after the other as leave enough work-groups, and are not more for that. */
static void fit_passes(const conv_few_fit *f, conv_few_tile *t) {
    const int lanes = t->shape.h;
    for (int passes = MOST_PASSES; passes > 1; passes--) {
        t->shape.h = lanes * passes;
        const conv_tile_groups groups = conv_tile_count(f->desc, &t->shape, t->block);
        if (groups.tiles * groups.blocks * groups.phases >= (size_t)(f->units * GROUPS_PER_UNIT) &&
            rows_made(f, t->shape.h) == rows_made(f, lanes) && conv_few_in_bytes(f, t) <= f->local_bytes)
            return;
    }
    t->shape.h = lanes;
}

static bool conv_few_in_fit(const conv_few_fit *f, conv_few_tile *t) {
    const conv_axes *axes = &f->axes;
    const int blocks = divide_up(f->sides.out_c, BLOCK);
    *t = (conv_few_tile){.block = divide_up(f->sides.out_c / 4, blocks) * 4, .rows = 1, .slices = 1};
    const int lanes_c = t->block / 4;
    for (t->positions = 8; ((t->positions - 1) * axes->x.step + axes->x.taps) * f->sides.in_c > MOST_SEGMENT ||
                           t->positions * 4 > f->sums;
         t->positions /= 2)
        if (t->positions == 4) return false;
    if (lanes_c > f->items) return false;
    const int lanes_x = smaller(divide_up(axes->x.places, t->positions), f->items / lanes_c);
    const int most_y = smaller(axes->y.places, f->items / (lanes_c * lanes_x));
    int lanes_y = most_y;
    for (int y = most_y; y > most_y / 2; y--)
        if (rows_made(f, y) < rows_made(f, lanes_y)) lanes_y = y;
    t->shape = (conv_tile_shape){1, lanes_y, lanes_x * t->positions};
    t->items = lanes_c * lanes_x * lanes_y;
    if (conv_few_in_bytes(f, t) > f->local_bytes) return false;
    fit_passes(f, t);
    return true;
}

static size_t conv_few_out_bytes(const conv_few_fit *f, const conv_few_tile *t) {
    const size_t taps = (size_t)f->axes.y.taps * (size_t)f->axes.x.taps;
    const size_t results = (size_t)t->rows * (size_t)t->positions * (size_t)f->sides.out_c;
    return (taps * (size_t)f->sides.out_c * (size_t)f->sides.in_c + results * (size_t)(t->items + 1)) * sizeof(float);
}

/* Instructions for all outputs of an image, of items that make `rows` x `positions`; 0 where that takes too many
 * registers or too much code. */
static double conv_few_out_cost(const conv_few_fit *f, int rows, int positions) {
    const conv_axes *axes = &f->axes;
    const int out_c = f->sides.out_c, taps = axes->y.taps * axes->x.taps;
    const int columns = (positions - 1) * axes->x.step + axes->x.taps,
              in_rows = (rows - 1) * axes->y.step + axes->y.taps;
    if (columns > MOST_COLUMNS || rows * positions * out_c > f->sums || rows * positions * taps * out_c > MOST_UNROLLED)
        return 0;
    const double items = (double)divide_up(axes->y.places, rows) * divide_up(axes->x.places, positions);
    return items * (rows * positions * out_c * (4 * taps + 6) + 8 * in_rows * columns + rows * taps * out_c + 50);
}

static bool conv_few_out_fit(const conv_few_fit *f, conv_few_tile *t) {
    double least = 0;
    *t = (conv_few_tile){.block = f->sides.out_c, .slices = 1};
    while (t->slices < MOST_SLICES && t->slices * 8 <= f->sides.in_c && t->slices * 2 <= f->items) t->slices *= 2;
    for (int rows = 1; rows <= MOST_ROWS; rows++)
        for (int positions = 1; positions <= MOST_COLUMNS; positions++) {
            const double cost = conv_few_out_cost(f, rows, positions);
            if (cost == 0 || (least > 0 && cost >= least)) continue;
            least = cost;
            t->rows = rows;
            t->positions = positions;
        }
    if (least == 0) return false;
    const int lanes = f->items / t->slices, across = divide_up(f->axes.x.places, t->positions);
    const int down = divide_up(f->axes.y.places, t->rows), lanes_x = smaller(across, lanes);
    int lanes_y = smaller(down, lanes / lanes_x);
    for (int y = lanes_y; y > lanes_y / 2; y--)
        if (divide_up(down, y) * y < divide_up(down, lanes_y) * lanes_y) lanes_y = y;
    const int images = lanes_x == across && lanes_y == down ? lanes / (lanes_x * lanes_y) : 1;
    t->shape = (conv_tile_shape){smaller(images, f->desc->conv.g.n), lanes_y * t->rows, lanes_x * t->positions};
    t->items = t->shape.n * lanes_x * lanes_y * t->slices;
    return conv_few_out_bytes(f, t) <= f->local_bytes;
}

static bool conv_few_is_in(const conv_sides *s) {
    return s->in_c <= MOST_FEW && s->out_c > MOST_FEW && s->out_c % 4 == 0;
}

static bool conv_few_is_out(const op_desc *desc, const conv_sides *s) {
    const conv_axes axes = conv_axes_of(desc);
    return s->out_c <= MOST_FEW && s->in_c > MOST_FEW && s->in_c % 4 == 0 &&
           (size_t)axes.y.places * (size_t)axes.x.places >= FEWEST_PLACES;
}

static bool conv_few_fit_tile(const clae_device *device, const op_desc *desc, int items, const int *v,
                              conv_few_tile *t) {
    const conv_few_fit f = {
        .desc = desc,
        .sides = conv_sides_of(desc),
        .axes = conv_axes_of(desc),
        .local_bytes = smaller_size(conv_local_bytes(device), LOCAL_BYTES),
        .units = (int)device->info.compute_units,
        .items = items,
        .sums = v[SUMS],
    };
    return conv_few_is_in(&f.sides) ? conv_few_in_fit(&f, t)
                                    : conv_few_is_out(desc, &f.sides) && conv_few_out_fit(&f, t);
}

static clae_status conv_few_create(clae_device *device, const op_desc *desc, const op_choice *choice,
                                   const conv_few_tile *t, conv_instance **made) {
    const conv_sides s = conv_sides_of(desc);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_tile_options(&t->shape, options);
    conv_options_add(options, " -DLOCAL=%d -DBLOCK=%d -DPOSITIONS=%d", t->items, t->block, t->positions);
    if (!conv_few_is_in(&s)) conv_options_add(options, " -DROWS=%d -DSLICES=%d", t->rows, t->slices);
    const conv_program program = {
        conv_few_is_in(&s) ? "conv_gather_spread_few_in.cl" : "conv_gather_spread_few_out.cl", options, {"conv"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_single, made);
    if (status == CLAE_OK) conv_tile_grid(*made, 0, &t->shape, t->block, (size_t)t->items);
    return status;
}

static bool conv_few_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

static int conv_few_most_items(const clae_device *device, const int *v) {
    return (int)opencl_group_items((const opencl_device *)device, (size_t)v[ITEMS]);
}

static bool conv_few_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    conv_few_tile t;
    return conv_kernel_of(desc->op) != CONV_WGRAD && conv_has_relu_at_most(desc) && conv_sizes_fit(desc, 1) &&
           tune_ships(device, desc, &conv_few_data_space, v) &&
           conv_few_fit_tile(device, desc, conv_few_most_items(device, v), v, &t);
}

static clae_status conv_few_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                    op_instance **instance) {
    int v[TUNE_MAX_PARAMETERS];
    conv_few_tile t;
    if (!tune_choose(device, desc, choice, &conv_few_data_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_few_most_items(device, v); items >= 1 && conv_few_fit_tile(device, desc, items, v, &t);) {
        conv_instance *made;
        const clae_status status = conv_few_create(device, desc, choice, &t, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return fail(device->context, CLAE_ERROR_DEVICE, "%s: implementation %s needs larger work-groups than there are",
                op_name(desc->op), choice->impl->name);
}

const op_impl opencl_conv_few = {
    .name = "few",
    .suits = conv_few_suits,
    .supports = conv_few_supports,
    .prepare = conv_few_prepare,
    .space = conv_few_space,
};
