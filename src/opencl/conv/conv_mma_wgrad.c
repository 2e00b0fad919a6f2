/* Wgrad by matrix units: cl/conv_wgrad_mma.cl. */
#include "opencl/conv/conv_mma.h"
#include "opencl/conv/conv_tile.h"
#include "opencl/impls.h"

#include "base/numbers.h"

#include <limits.h>
#include <math.h>

/* Items of a work-group and columns of its product; tiles of the product that a warp makes, vectors of the next tile
 * that an item holds, at most; local memory. */
enum { ITEMS = CONV_MMA_ITEMS, BLOCK, SUMS, AHEAD, LOCAL_KIB };

enum {
    FEWEST_ROWS = 16, /* of a work-group's product: channels of wide */
    STEP = 8,         /* positions */
    MOST_ROWS = 64,
    MOST_POSITIONS = 256,
    MOST_IMAGES = 128,
    FEWEST_TAPS = 4, /* each warp has its own */
    REDUCE_ITEMS = 128,
    MOST_REDUCE_LANES = 16,
    FEWEST_RESULTS = 8, /* that a work-group of the reduction reads side by side: whole sectors */
    LANE_CHUNKS = 4,    /* for each of its lanes */
    MOST_RESIDENT = 8,  /* work-groups of a compute unit */
    MOST_REGISTERS = 200,
};

/* Cycles and instructions besides those of conv_mma.h, as in conv_mma_fit.c; registers besides sums, operands and what
 * is read ahead: usually, and where a work-group leaves no more. */
#define OTHER_REGISTERS 44
#define FEWEST_REGISTERS 22
#define FEWEST_VECTORS 2
#define VECTOR_SLOTS 32.0
#define STEP_SLOTS 8.0
#define TILE_SLOTS 120.0
#define TILE_CYCLES 800.0
#define START_CYCLES 3000.0
#define NOT_FIT 1e9

/* A work-group, as the macros of the same names, and how many of them share a chunk. */
typedef struct mma_shape {
    conv_tile_shape tile;
    int items, block_w, block_o, taps_warp, parts_w;
    size_t blocks, tiles, chunk, chunks;
} mma_shape;

/* What shapes are compared for. */
typedef struct mma_wgrad {
    const conv_geometry *g;
    const opencl_device *device;
    opencl_mma_parts parts;
    bool tf32;
    int units, most_items, most_images;
    const int *v;
    size_t local_bytes;
} mma_wgrad;

static size_t slots_of(const mma_wgrad *w, const conv_tile_shape *t) {
    const conv_geometry *g = w->g;
    const int row = (t->w - 1) * g->sw + g->kw;
    return (size_t)t->n * (size_t)((t->h - 1) * g->sh + g->kh) * (size_t)(divide_up(row, g->sw) * g->sw);
}

static size_t staged_positions(const conv_tile_shape *t) {
    return divide_up_size((size_t)t->n * (size_t)t->h * (size_t)t->w, STEP) * STEP;
}

static int rows_of_warp(const mma_wgrad *w, const mma_shape *s) {
    return s->taps_warp * s->block_w / s->parts_w / opencl_mma_rows(w->device);
}

static size_t wide_loads(const mma_wgrad *w, const mma_shape *s) {
    return divide_up_size(slots_of(w, &s->tile) * (size_t)(s->block_w / 4), (size_t)s->items);
}

static size_t narrow_loads(const mma_shape *s) {
    return divide_up_size(staged_positions(&s->tile) * (size_t)(s->block_o / 4), (size_t)s->items);
}

static size_t mma_wgrad_bytes(const mma_wgrad *w, const mma_shape *s) {
    const size_t slots = slots_of(w, &s->tile), positions = staged_positions(&s->tile), block_o = (size_t)s->block_o;
    const size_t wide = slots * (size_t)(s->block_w + 8), narrow = positions * (block_o % 16 ? block_o : block_o + 8);
    const size_t staged = wide * (size_t)w->parts.row + narrow * (size_t)w->parts.column;
    const size_t warps = (size_t)(s->items / opencl_mma_warp(w->device));
    const size_t exchange =
        opencl_mma_exchange(w->device, warps, rows_of_warp(w, s), s->block_o / opencl_mma_columns(w->device), w->tf32);
    const size_t floats = larger_size(staged, 4 * (size_t)s->items) + exchange + 8;
    return floats * sizeof(float) + positions * 4;
}

/* Sums, operands and vectors of the next tile. */
static int wgrad_registers(const mma_wgrad *w, int m, int n, int vectors) {
    const int sums = opencl_mma_sums(w->device), rows = opencl_mma_row_elements(w->device) * m * w->parts.row;
    const int columns = opencl_mma_column_elements(w->device) * n * w->parts.column;
    return sums * m * n + rows + columns + 4 * vectors + (w->parts.column > 1 ? sums * n : 0);
}

static int most_wgrad_registers(const mma_wgrad *w) {
    return smaller(MOST_REGISTERS, opencl_mma_registers(w->device));
}

/* Cycles of a compute unit for a tile by each of `groups` beside one another; 0 where they do not fit. */
static double cycles_of_tile(const mma_wgrad *w, const mma_shape *s, double groups) {
    const int m = rows_of_warp(w, s), n = s->block_o / opencl_mma_columns(w->device);
    const double warps = s->items / opencl_mma_warp(w->device);
    const double steps = (double)staged_positions(&s->tile) / STEP;
    const double wide = (double)wide_loads(w, s), narrow = (double)narrow_loads(s);
    const int rows = m * w->parts.row, columns = n * w->parts.column;
    const int registers =
        wgrad_registers(w, m, n, (int)(wide + narrow)) + (groups > 1 ? OTHER_REGISTERS : FEWEST_REGISTERS);
    if (groups * warps > conv_mma_resident_warps(&w->device->base, registers) || registers > most_wgrad_registers(w) ||
        groups * (double)mma_wgrad_bytes(w, s) > (double)CONV_MMA_UNIT_BYTES)
        return 0;
    const double unit = steps * m * n * w->parts.products * CONV_MMA_PRODUCT_CYCLES * ceil(groups * warps / 4) / groups;
    const double lines = wide * CONV_MMA_LOCAL_CYCLES * CONV_MMA_LINE_FLOATS / fmin(s->block_w, CONV_MMA_LINE_FLOATS) +
                         narrow * CONV_MMA_LOCAL_CYCLES;
    const double local = warps * (steps * (4 * rows + 2 * columns) +
                                  (wide * w->parts.row + narrow * w->parts.column) * CONV_MMA_LOCAL_CYCLES + lines);
    const double slots = warps / 4 *
                         (steps * (m * n * w->parts.products + 2 * (rows + columns) + s->taps_warp + STEP_SLOTS) +
                          (wide + narrow) * VECTOR_SLOTS + TILE_SLOTS);
    const double far = s->items * 16 * (wide + narrow) / CONV_MMA_FAR_BYTES;
    const double busy = sqrt(unit * unit + local * local + slots * slots + far * far);
    const double waiting = TILE_CYCLES + steps * (m * n * w->parts.products * CONV_MMA_PRODUCT_CYCLES + 60) +
                           (wide + narrow) * VECTOR_SLOTS * 2;
    return sqrt(groups * busy * (groups * busy) + waiting * waiting);
}

/* The fastest way to share the tiles among the units, which have the same number of work-groups to do. */
static double share_tiles(const mma_wgrad *w, mma_shape *s) {
    const conv_geometry *g = w->g;
    const double weights = (double)g->kh * g->kw * g->wide_c * g->narrow_c;
    double least = 0;
    s->tiles = (size_t)divide_up(g->n, s->tile.n) * (size_t)divide_up(g->narrow_h, s->tile.h) *
               (size_t)divide_up(g->narrow_w, s->tile.w);
    s->blocks = (size_t)divide_up(g->kh * g->kw, s->items / opencl_mma_warp(w->device) / s->parts_w * s->taps_warp) *
                (size_t)divide_up(g->wide_c, s->block_w) * (size_t)divide_up(g->narrow_c, s->block_o);
    for (int groups = 1; groups <= MOST_RESIDENT; groups++) {
        const double cycles = cycles_of_tile(w, s, groups);
        if (groups > 1 && cycles == 0) break;
        const size_t most = larger_size((size_t)(groups * w->units) / s->blocks, 1);
        const size_t chunk = divide_up_size(s->tiles, most), chunks = divide_up_size(s->tiles, chunk);
        const double rounds = ceil((double)(chunks * s->blocks) / (groups * w->units));
        const double cost = rounds * ((double)chunk * (cycles > 0 ? cycles : NOT_FIT) + START_CYCLES) +
                            8 * (double)chunks * weights / (CONV_MMA_FAR_BYTES * w->units);
        if (least > 0 && cost >= least) continue;
        least = cost;
        s->chunk = chunk;
        s->chunks = chunks;
    }
    return least;
}

static bool tile_fits(const mma_wgrad *w, const mma_shape *s) {
    return wide_loads(w, s) + narrow_loads(s) <= (size_t)w->v[AHEAD] && mma_wgrad_bytes(w, s) <= w->local_bytes;
}

static void fit_wgrad_tiles(const mma_wgrad *w, mma_shape *s, mma_shape *best, double *least) {
    conv_tile_shape *t = &s->tile;
    for (t->h = 1; t->h <= w->g->narrow_h && t->h <= MOST_POSITIONS; t->h++)
        for (t->w = 1; t->w <= w->g->narrow_w && t->w * t->h <= MOST_POSITIONS; t->w++) {
            t->n = smaller(w->most_images, MOST_POSITIONS / (t->h * t->w));
            while (t->n > 0 && !tile_fits(w, s)) t->n--;
            if (t->n == 0) continue;
            const double cost = share_tiles(w, s);
            if (*least > 0 && cost >= *least) continue;
            *best = *s;
            *least = cost;
        }
}

/* All vectors that an item stages are of the same channels. */
static bool items_have_channels(const mma_shape *s) {
    return s->items % (s->block_w / 4) == 0 && s->items % (s->block_o / 4) == 0;
}

static void fit_wgrad_rows(const mma_wgrad *w, mma_shape *s, mma_shape *best, double *least) {
    const conv_geometry *g = w->g;
    const int taps = g->kh * g->kw, warp = opencl_mma_warp(w->device);
    const int most_rows = larger(w->v[SUMS] / (s->block_o / opencl_mma_columns(w->device)), 1);
    for (s->block_w = FEWEST_ROWS; s->block_w <= MOST_ROWS && (s->block_w == FEWEST_ROWS || s->block_w / 2 < g->wide_c);
         s->block_w *= 2)
        for (s->parts_w = 1;
             s->parts_w * opencl_mma_rows(w->device) <= s->block_w && s->parts_w * warp <= w->most_items;
             s->parts_w *= 2)
            for (s->taps_warp = 1; s->taps_warp <= taps && rows_of_warp(w, s) <= most_rows; s->taps_warp++) {
                s->items =
                    smaller(divide_up(taps, s->taps_warp), w->most_items / warp / s->parts_w) * s->parts_w * warp;
                if (items_have_channels(s)) fit_wgrad_tiles(w, s, best, least);
            }
}

/* Of work-groups of at most `most_items`; false where no tile fits. More columns than what fits in 3xTF32 may have
 * registers in TF32, but too few items to stage them: then there are fewer. */
static bool conv_mma_wgrad_fit(const mma_wgrad *w, mma_shape *best) {
    const int columns = opencl_mma_columns(w->device);
    mma_shape s = {.block_o = columns};
    double least = 0;
    while (s.block_o < w->g->narrow_c && s.block_o < w->v[BLOCK] &&
           wgrad_registers(w, 1, s.block_o * 2 / columns, FEWEST_VECTORS) + FEWEST_REGISTERS <= most_wgrad_registers(w))
        s.block_o *= 2;
    for (; s.block_o >= columns && least == 0; s.block_o /= 2) fit_wgrad_rows(w, &s, best, &least);
    return least > 0;
}

static mma_wgrad mma_wgrad_of(const clae_device *device, const op_desc *desc, const int *v, int items, bool tf32) {
    const opencl_device *opencl = (const opencl_device *)device;
    return (mma_wgrad){
        .g = &desc->conv.g,
        .device = opencl,
        .parts = opencl_mma_parts_of(opencl, tf32),
        .tf32 = tf32,
        .units = opencl_mma_cores(opencl),
        .most_items = items,
        .most_images = conv_tile_most_images(desc, MOST_IMAGES),
        .v = v,
        .local_bytes = (size_t)v[LOCAL_KIB] * 1024,
    };
}

/* 3xTF32 takes more local memory than TF32. */
static bool conv_mma_wgrad_is_valid(const clae_device *device, const op_desc *desc, const int *v) {
    const opencl_device *opencl = (const opencl_device *)device;
    const int items = conv_mma_most_items(device, v), columns = opencl_mma_columns(opencl);
    const mma_wgrad w = mma_wgrad_of(device, desc, v, items, false);
    mma_shape s;
    return v[ITEMS] <= 1024 && items >= opencl_mma_warp(opencl) && conv_is_power_of_2(v[BLOCK]) && v[BLOCK] <= 64 &&
           v[BLOCK] >= columns && v[SUMS] >= v[BLOCK] / columns && v[SUMS] <= 32 && v[AHEAD] <= 16 &&
           (size_t)v[LOCAL_KIB] * 1024 <= conv_local_bytes(device) && conv_mma_wgrad_fit(&w, &s);
}

static const tune_space conv_mma_wgrad_space = {
    .kernel = "conv_wgrad_mma",
    .count = 5,
    .parameters = {{"ITEMS", TUNE_CANDIDATES(128, 256, 512)},
                   {"BLOCK", TUNE_CANDIDATES(16, 32, 64)},
                   {"SUMS", TUNE_CANDIDATES(8, 16, 28)},
                   {"AHEAD", TUNE_CANDIDATES(4, 6, 8, 10)},
                   {"LOCAL_KIB", TUNE_CANDIDATES(24, 32, 48)}},
    .is_valid = conv_mma_wgrad_is_valid,
};

static const tune_space *conv_mma_wgrad_space_of(const clae_device *device, const op_desc *desc) {
    (void)device;
    (void)desc;
    return &conv_mma_wgrad_space;
}

/* As the macros of the same name. */
static bool patch_covers(int in, int out, int kernel, int stride, int pad) {
    return kernel >= stride && (out - 1) * stride + kernel - pad >= in;
}

/* Whether work-groups of their own make dbias, which otherwise comes with what is staged. */
static bool has_bias_groups(const op_desc *desc) {
    const conv_geometry *g = &desc->conv.g;
    return desc->conv.with_bias && op_is_transposed(desc->op) &&
           !(patch_covers(g->wide_h, g->narrow_h, g->kh, g->sh, g->ph) &&
             patch_covers(g->wide_w, g->narrow_w, g->kw, g->sw, g->pw));
}

static clae_status conv_mma_create_wgrad(clae_device *device, const op_desc *desc, const op_choice *choice,
                                         const mma_shape *s, conv_instance **made) {
    const opencl_device *opencl = opencl_device_of(device);
    const size_t group = opencl_group_items(opencl, REDUCE_ITEMS);
    int lanes = 1;
    while (lanes < MOST_REDUCE_LANES && (size_t)(lanes * 2 * FEWEST_RESULTS) <= group &&
           (size_t)(lanes * 2 * LANE_CHUNKS) <= s->chunks)
        lanes *= 2;
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_tile_options(&s->tile, options);
    conv_options_add(
        options,
        " -DLOCAL=%d -DBLOCK_W=%d -DBLOCK_O=%d -DTAPS_WARP=%d -DPARTS_W=%d -DREDUCE_ITEMS=%zu -DREDUCE_LANES=%d",
        s->items, s->block_w, s->block_o, s->taps_warp, s->parts_w, group, lanes);
    conv_options_add(options, "%s -DPRECISION_TF32=%d", opencl_mma_options(opencl).text, choice->numerics->tf32);
    const conv_program program = {"conv_wgrad_mma.cl", options, {"conv_wgrad_partial", "conv_wgrad_reduce"}};
    const clae_status status = conv_instance_create(device, desc, choice, &program, conv_run_wgrad_split, made);
    if (status != CLAE_OK) return status;
    (*made)->chunk = (int)s->chunk;
    (*made)->chunks = (int)s->chunks;
    const size_t columns = (size_t)divide_up(desc->conv.g.narrow_c, s->block_o), results = (*made)->job.slice_floats;
    const size_t rows = s->blocks / columns + (has_bias_groups(desc) ? 1 : 0), items = (size_t)s->items;
    conv_grid(*made, 0, (const size_t[]){rows * items, columns, s->chunks}, (const size_t[]){items, 1, 1});
    const size_t reduced = divide_up_size(results, group / (size_t)lanes);
    conv_grid(*made, 1, (const size_t[]){reduced * group, 1, 1}, (const size_t[]){group, 1, 1});
    (*made)->opencl.base.workspace_bytes = s->chunks * results * sizeof(float);
    (*made)->opencl.base.arithmetic = opencl_mma_arithmetic(opencl, choice->numerics->tf32);
    return CLAE_OK;
}

static bool conv_mma_wgrad_suits(const clae_device *device, const op_desc *desc) {
    const opencl_mma mma = ((const opencl_device *)device)->mma;
    if (mma == OPENCL_MMA_STAND_IN || mma == OPENCL_MMA_MFMA) return mma == OPENCL_MMA_MFMA;
    return conv_mma_fills_tiles(desc) && desc->conv.g.kh * desc->conv.g.kw >= FEWEST_TAPS;
}

static bool conv_mma_wgrad_fits_int(const mma_shape *s) {
    return s->tiles <= INT_MAX / 2;
}

/* 3xTF32 takes more local memory than TF32. */
static bool conv_mma_wgrad_supports(const clae_device *device, const op_desc *desc) {
    int v[TUNE_MAX_PARAMETERS];
    mma_shape s;
    if (!conv_mma_is_possible(device, desc) || !conv_sizes_fit(desc, 1) ||
        !tune_ships(device, desc, &conv_mma_wgrad_space, v))
        return false;
    const mma_wgrad w = mma_wgrad_of(device, desc, v, conv_mma_most_items(device, v), false);
    return conv_mma_wgrad_fit(&w, &s) && conv_mma_wgrad_fits_int(&s);
}

static clae_status conv_mma_wgrad_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                          op_instance **instance) {
    const int warp = opencl_mma_warp(opencl_device_of(device));
    int v[TUNE_MAX_PARAMETERS];
    if (!tune_choose(device, desc, choice, &conv_mma_wgrad_space, v)) return conv_no_values(device, desc, choice);
    for (int items = conv_mma_most_items(device, v); items >= warp;) {
        const mma_wgrad w = mma_wgrad_of(device, desc, v, items, choice->numerics->tf32);
        conv_instance *made;
        mma_shape s;
        if (!conv_mma_wgrad_fit(&w, &s)) break;
        const clae_status status = conv_mma_create_wgrad(device, desc, choice, &s, &made);
        if (status != CLAE_OK || conv_take(made, &items, instance)) return status;
    }
    return conv_mma_too_few(device, desc, choice);
}

const op_impl opencl_conv_mma_wgrad = {
    .name = "mma",
    .suits = conv_mma_wgrad_suits,
    .for_tf32 = true,
    .supports = conv_mma_wgrad_supports,
    .prepare = conv_mma_wgrad_prepare,
    .space = conv_mma_wgrad_space_of,
};
