#include "opencl/conv/conv_mma_fit.h"

#include "base/numbers.h"

#include <math.h>

enum {
    FEWEST_ROWS = 16, /* of a work-group's product: channels */
    DEPTH = 16,       /* channels of a plane of the input */
    MOST_SLICES = 4,
    SLICED_OUTPUTS = 4096, /* of an image, times slices: what is enough for a device with few images */
    MANY_IMAGES = 4096,
    MOST_EXTENT = 512,
    MOST_REGISTERS = 168,
};

/* Registers of an item besides sums and operands. */
#define OTHER_REGISTERS 28
/* Of a compute unit: its cache and local memory together. */
#define UNIT_CACHE_BYTES (240.0 * 1024)

/* Besides those of conv_mma.h. Instructions of an item: to stage a vector, of a step besides products and loads, to
 * store a vector, of all besides. Cycles that a warp alone waits: for memory, for a step's operands, for a vector, of
 * all besides. */
#define VECTOR_SLOTS 18.0
#define STEP_SLOTS 12.0
#define STORED_SLOTS 12.0
#define START_SLOTS 400.0
#define MEMORY_CYCLES 700.0
#define STEP_CYCLES 40.0
#define VECTOR_CYCLES 100.0
#define START_CYCLES 2000.0

/* What tiles of a layer are compared by. */
typedef struct mma_fit {
    const op_desc *desc;
    conv_sides sides;
    conv_axes axes;
    const opencl_device *device;
    opencl_mma_parts parts;
    bool tf32;
    int images, units, most_images;
    size_t local_bytes;
} mma_fit;

static int planes_of(const conv_mma_tile *t) {
    return t->chunk_c / DEPTH;
}

static int warps_of(const mma_fit *f, const conv_mma_tile *t) {
    return t->items / opencl_mma_warp(f->device);
}

static int warps_of_channels(const mma_fit *f, const conv_mma_tile *t) {
    return t->block / (t->m_tiles * opencl_mma_rows(f->device));
}

static int positions_of(const mma_fit *f, const conv_mma_tile *t) {
    return warps_of(f, t) / t->slices / warps_of_channels(f, t) * t->n_tiles * opencl_mma_columns(f->device);
}

/* Pixels of the patch, as they are laid out: a row's remainders by the stride are as long as one another. */
static size_t patch_slots(const mma_fit *f, const conv_tile_shape *s) {
    const int step = f->axes.x.step, row = (s->w - 1) * step + f->axes.x.taps;
    const int rows = (s->h - 1) * f->axes.y.step + f->axes.y.taps;
    return (size_t)s->n * (size_t)rows * (size_t)(divide_up(row, step) * step);
}

static size_t all_taps_of(const mma_fit *f) {
    return (size_t)f->axes.y.taps * (size_t)f->axes.x.taps;
}

static size_t mma_tile_bytes(const mma_fit *f, const conv_mma_tile *t) {
    const size_t slots = patch_slots(f, &t->shape), plane = (t->chunk_c > DEPTH ? slots | 1 : slots) * DEPTH;
    const size_t staged = (size_t)f->parts.column * plane * (size_t)planes_of(t);
    const size_t sums = (size_t)(opencl_mma_sums(f->device) * t->items) * (size_t)(t->m_tiles * t->n_tiles);
    const size_t slices = t->slices > 1 ? sums : 0;
    const size_t tables = slots + (size_t)positions_of(f, t) + 2 * all_taps_of(f);
    const size_t exchange = opencl_mma_exchange(f->device, (size_t)warps_of(f, t), t->m_tiles, t->n_tiles, f->tf32) + 3;
    return (larger_size(staged, slices) + tables + exchange) * sizeof(float);
}

static size_t mma_patch_vectors(const mma_fit *f, const conv_mma_tile *t) {
    return patch_slots(f, &t->shape) * (size_t)(t->chunk_c / 4);
}

static double groups_of(const mma_fit *f, const conv_mma_tile *t) {
    const conv_geometry *g = &f->desc->conv.g;
    const double tiles = (double)divide_up(f->images, t->shape.n) * divide_up(f->axes.y.places, t->shape.h) *
                         divide_up(f->axes.x.places, t->shape.w);
    return tiles * divide_up(f->sides.out_c, t->block) * (f->sides.spread ? g->sh * g->sw : 1);
}

/* Of an item: sums, weights of two steps, or halves of steps, and inputs of one, where each of its positions begins. */
static int item_registers(const mma_fit *f, const conv_mma_tile *t) {
    const int of_sums = opencl_mma_sums(f->device), of_inputs = 2 * opencl_mma_column_elements(f->device);
    const int sums = of_sums * t->m_tiles * t->n_tiles, inputs = of_inputs * t->n_tiles * f->parts.column;
    const int of_weights = opencl_mma_row_elements(f->device) * t->m_tiles;
    const int weights = of_weights * (f->parts.row == 1 ? 4 : 2 * f->parts.row);
    return divide_up(OTHER_REGISTERS + sums + weights + inputs + (f->parts.column > 1 ? of_sums * t->n_tiles : 0), 8) *
           8;
}

static int most_registers(const mma_fit *f) {
    return smaller(MOST_REGISTERS, opencl_mma_registers(f->device));
}

/* Cycles of `groups` beside one another: what the parts of a compute unit do for one of them overlaps, as far as a
 * group does not wait. */
static double cycles_of(double groups, double busy, double waiting) {
    return sqrt(groups * busy * (groups * busy) + waiting * waiting);
}

/* Bytes of weights that each of `groups` beside one another reads from afar: those that are not in the cache beside
 * their local memory. */
static double far_weights(const mma_fit *f, const conv_mma_tile *t, double groups) {
    const double bytes =
        (double)all_taps_of(f) * divide_up(f->sides.in_c, t->chunk_c) * t->chunk_c * t->block * f->parts.row * 4;
    return fmin(fmax(bytes + groups * (double)mma_tile_bytes(f, t) - UNIT_CACHE_BYTES, 0), bytes);
}

/* Cycles of a compute unit. */
static double mma_tile_cost(const mma_fit *f, const conv_mma_tile *t) {
    const double warps = warps_of(f, t), taps = (double)all_taps_of(f), chunks = divide_up(f->sides.in_c, t->chunk_c);
    const double steps = taps * chunks * planes_of(t) / t->slices;
    const double products = steps * 2 * t->m_tiles * t->n_tiles * f->parts.products;
    const double loads = steps * (2 * t->m_tiles * f->parts.row + t->n_tiles * f->parts.column),
                 stored = t->m_tiles * t->n_tiles * 2;
    const double staged = chunks * (double)divide_up_size(mma_patch_vectors(f, t), (size_t)t->items);
    const double lines = staged * CONV_MMA_LOCAL_CYCLES * CONV_MMA_LINE_FLOATS / fmin(t->chunk_c, CONV_MMA_LINE_FLOATS);
    const double unit = products * CONV_MMA_PRODUCT_CYCLES * warps / 4;
    const double local = warps * (CONV_MMA_LOCAL_CYCLES * (loads + staged * f->parts.column + stored) + lines);
    const double slots = warps / 4 *
                         (products + loads + steps * (t->n_tiles + STEP_SLOTS) + staged * VECTOR_SLOTS +
                          STORED_SLOTS * stored + START_SLOTS);
    const double waiting = START_CYCLES + chunks * MEMORY_CYCLES + steps * STEP_CYCLES +
                           products * CONV_MMA_PRODUCT_CYCLES + staged * VECTOR_CYCLES + stored * STORED_SLOTS;
    const double by_registers = floor(conv_mma_resident_warps(&f->device->base, item_registers(f, t)) / warps);
    const double most = fmax(fmin(by_registers, (double)(CONV_MMA_UNIT_BYTES / mma_tile_bytes(f, t))), 1);
    const double groups = ceil(groups_of(f, t) / f->units), rounds = floor(groups / most);
    const double far = t->items * (16 * staged + 8 * stored) + far_weights(f, t, fmin(most, groups));
    const double busy =
        sqrt(unit * unit + local * local + slots * slots + far * far / (CONV_MMA_FAR_BYTES * CONV_MMA_FAR_BYTES));
    const double rest = groups - rounds * most;
    return rounds * cycles_of(most, busy, waiting) + (rest > 0 ? cycles_of(rest, busy, waiting) : 0);
}

/* The cheapest shape for some items and tiles of a warp, if it is cheaper than the best so far. */
static void fit_shapes(const mma_fit *f, conv_mma_tile *t, conv_mma_tile *best, double *least) {
    const int positions = smaller(positions_of(f, t), MOST_EXTENT);
    const int most_images = smaller(smaller(f->images, f->most_images), positions);
    conv_tile_shape *s = &t->shape;
    for (s->h = 1; s->h <= f->axes.y.places && s->h <= positions; s->h++)
        for (s->w = 1; s->w <= f->axes.x.places && s->w * s->h <= positions; s->w++) {
            s->n = smaller(most_images, positions / (s->h * s->w));
            while (s->n > 0 && mma_tile_bytes(f, t) > f->local_bytes) s->n /= 2;
            if (s->n == 0) continue;
            const double cost = mma_tile_cost(f, t);
            if (*least > 0 && cost >= *least) continue;
            *best = *t;
            *least = cost;
        }
}

/* The cheapest of all with the channels of `t`; 0 where there is none. */
static double fit_group(const mma_fit *f, const conv_mma_tile *t, int items, const int *v, conv_mma_tile *best) {
    conv_mma_tile next = *t;
    double least = 0;
    const int fewest = opencl_mma_warp(f->device) * warps_of_channels(f, t) * t->slices;
    for (next.items = items; next.items >= fewest; next.items /= 2)
        for (next.n_tiles = v[N_TILES]; next.n_tiles > 0; next.n_tiles--)
            if (next.n_tiles == 1 || item_registers(f, &next) <= most_registers(f)) fit_shapes(f, &next, best, &least);
    return least;
}

/* Small images with many input channels have too few warps otherwise. */
static int choose_mma_slices(const mma_fit *f, const conv_mma_tile *t, int items) {
    const double outputs = (double)f->sides.out_h * f->sides.out_w * f->sides.out_c;
    int slices = 1;
    while (slices < MOST_SLICES && slices * DEPTH < f->sides.in_c &&
           slices * 2 * warps_of_channels(f, t) * opencl_mma_warp(f->device) <= items &&
           outputs * slices < SLICED_OUTPUTS)
        slices *= 2;
    return slices;
}

/* What decides about the order of sums, by the shape alone: the chunk that is best for many images. */
static bool fit_mma_chunk(mma_fit *f, int items, const int *v, conv_mma_tile *t) {
    conv_mma_tile next = *t, best;
    double least = 0;
    f->images = MANY_IMAGES;
    f->units = 1;
    next.chunk_c = DEPTH * next.slices;
    for (;; next.chunk_c *= 2) {
        const double cost = fit_group(f, &next, items, v, &best);
        if (cost > 0 && (least == 0 || cost < least)) {
            t->chunk_c = next.chunk_c;
            least = cost;
        }
        if (next.chunk_c >= f->sides.in_c || next.chunk_c * 2 > v[CHUNK_C] * next.slices) return least > 0;
    }
}

bool conv_mma_fit(const clae_device *device, const op_desc *desc, int items, const int *v, bool tf32,
                  conv_mma_tile *tile) {
    mma_fit f = {.desc = desc, .sides = conv_sides_of(desc), .axes = conv_axes_of(desc)};
    f.device = (const opencl_device *)device;
    f.tf32 = tf32;
    f.parts = opencl_mma_parts_of(f.device, tf32);
    f.local_bytes = (size_t)v[LOCAL_KIB] * 1024;
    f.most_images = conv_tile_most_images(desc, MOST_EXTENT);
    conv_mma_tile t = {.block = FEWEST_ROWS};
    while (t.block < f.sides.out_c && t.block < v[BLOCK]) t.block *= 2;
    t.m_tiles = smaller(v[M_TILES], t.block / opencl_mma_rows(f.device));
    while (opencl_mma_warp(f.device) * warps_of_channels(&f, &t) > items) t.block /= 2;
    for (t.slices = choose_mma_slices(&f, &t, items); !fit_mma_chunk(&f, items, v, &t); t.slices /= 2)
        if (t.slices == 1) return false;
    f.images = desc->conv.g.n;
    f.units = opencl_mma_cores(f.device);
    return fit_group(&f, &t, items, v, tile) > 0;
}
