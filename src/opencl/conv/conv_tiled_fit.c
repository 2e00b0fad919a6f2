#include "opencl/conv/conv_tiled_fit.h"

#include "base/numbers.h"

#include <math.h>

enum {
    MOST_SLICES = 32,
    MOST_PARTS = 32,
    MOST_DIVIDED = 1024,     /* outputs of an image: more are enough work-groups */
    EXCHANGED_POSITIONS = 2, /* whose sums slices give each other at a time */
    MOST_AHEAD = 4,          /* vectors in registers */
    LEAST_AHEAD = 2,
    MANY_POSITIONS = 5, /* whose sums leave room for fewer */
    FEWEST_ITEMS = 64,
    FEWEST_BLOCK = 8,
    ITEMS_MISSED = 192, /* of a compute unit: it is idle as if it had so many more, the more often the fewer it has */
    FEW_IMAGES = 64,
    FEW_UNITS = 128,
    MANY_IMAGES = 4096,
    MOST_EXTENT = 256,
};

/* What a work-item's instructions come to, in issue slots of machines with four schedulers: for each of a warp's
 * instructions one; of what all schedulers share, local memory gives a vector every eighth, caches are asked for a line
 * every fourth, and the far cache gives a vector every 70th, for which items wait. */
enum {
    LOCAL_SLOTS = 8,
    LINE_SLOTS = 4,
    FAR_SLOTS = 70,
    TAP_SLOTS = 10,
    STAGED_SLOTS = 25,
    BARRIER_SLOTS = 60,
    STEP_SLOTS = 200, /* of the items of a step, which what it stages for the next one takes to arrive */
    START_SLOTS = 200,
    OUTPUT_SLOTS = 16,
    LAUNCH_SLOTS = 9000, /* of a group of 128 items, which a second launch takes */
    LAUNCH_ITEMS = 128,
    PART_SLOTS = 160, /* of these, for each 128 sums of a part, which are written and read */
    LANES = 32,
    LINE_FLOATS = 32,
};

/* What tiles of a layer are compared by. */
typedef struct fit {
    const op_desc *desc;
    conv_sides sides;
    conv_axes axes;
    int images, units, most_images;
    size_t local_bytes;
    double taps_y[MOST_EXTENT + 1], taps_x[MOST_EXTENT + 1]; /* of tiles of an extent that meet inputs, the mean */
} fit;

/* Taps of tiles of `extent` places along an axis, as cl/conv_tile.cl cuts them: the mean of those that meet inputs. */
static double mean_taps(bool spread, int in, int places, int kernel, int stride, int pad, int extent) {
    const int phases = spread ? stride : 1, tiles = divide_up(places, extent);
    double all = 0;
    for (int phase = 0; phase < phases; phase++)
        for (int tile = 0; tile < tiles; tile++) {
            const int place = (spread ? (pad - phase + stride - 1) / stride : 0) + tile * extent;
            const int taps = spread ? (kernel - phase + stride - 1) / stride : kernel;
            const int from = spread ? place - taps + 1 : place * stride - pad;
            const int first = larger(-(from + (extent - 1) * (spread ? 1 : stride)), 0), end = smaller(taps, in - from);
            all += larger(end - first, 0);
        }
    return all / (phases * tiles);
}

static void find_taps(fit *f, int most) {
    const conv_geometry *g = &f->desc->conv.g;
    const conv_sides *s = &f->sides;
    for (int i = 1; i <= most && i <= f->axes.y.places; i++)
        f->taps_y[i] = mean_taps(s->spread, s->in_h, f->axes.y.places, g->kh, g->sh, g->ph, i);
    for (int i = 1; i <= most && i <= f->axes.x.places; i++)
        f->taps_x[i] = mean_taps(s->spread, s->in_w, f->axes.x.places, g->kw, g->sw, g->pw, i);
}

static int tile_positions(const conv_tiled_tile *t) {
    return t->items / t->slices / (t->block / t->channels) * t->positions;
}

static size_t patch_vectors(const fit *f, const conv_tiled_tile *t) {
    return conv_tile_patch(&f->axes, &t->shape) * (size_t)(t->chunk_c / t->in_vector);
}

static size_t weight_vectors(const fit *f, const conv_tiled_tile *t, int rows) {
    const size_t weights = (size_t)rows * (size_t)f->axes.x.taps * (size_t)t->chunk_c * (size_t)t->block;
    return divide_up_size(weights, (size_t)(conv_is_forward(f->desc->op) ? t->vector : t->in_vector));
}

static size_t most_ahead(const conv_tiled_tile *t) {
    return t->positions < MANY_POSITIONS ? MOST_AHEAD : LEAST_AHEAD;
}

static size_t tile_bytes(const fit *f, const conv_tiled_tile *t) {
    const size_t patch = conv_tile_patch(&f->axes, &t->shape), positions = (size_t)tile_positions(t);
    const size_t planes = (size_t)(t->chunk_c / t->in_vector), step = planes < 8 ? 8 / planes : 1;
    const size_t plane = (patch + 7 - step) / 8 * 8 + step,
                 stride = (size_t)t->block + (conv_is_forward(f->desc->op) || t->block <= 4 ? 0 : 4);
    const size_t staged = (size_t)t->chunk_c * (plane + (size_t)t->rows * (size_t)f->axes.x.taps * stride);
    const size_t exchanged = (size_t)smaller(t->positions, EXCHANGED_POSITIONS) * (size_t)t->channels;
    const size_t slices = t->slices > 1 ? (size_t)t->items * exchanged : 0;
    return (larger_size(staged, slices) + patch + 2 * positions) * sizeof(float);
}

/* Slots that a warp's vectors take, which are read from runs of `run` floats. */
static double staging_slots(int run) {
    return LINE_SLOTS * (fmax((double)LANES * 4 / smaller(run, LINE_FLOATS), 4) + 4);
}

/* For each position: its sums are written and read by vectors, behind barriers. */
static int exchange_slots(const conv_tiled_tile *t) {
    return t->slices > 1 ? 2 * LOCAL_SLOTS * t->channels / t->vector + BARRIER_SLOTS : 0;
}

/* To add them up. */
static double parts_cost(const fit *f, const conv_tiled_tile *t) {
    const double outputs = (double)f->images * f->sides.out_h * f->sides.out_w * f->sides.out_c;
    return t->parts > 1 ? LAUNCH_SLOTS * LAUNCH_ITEMS + PART_SLOTS * t->parts * outputs / f->units : 0;
}

/* Issue slots of a compute unit. */
static double tile_cost(const fit *f, const conv_tiled_tile *t) {
    const conv_tile_shape *shape = &t->shape;
    const double taps_y = f->taps_y[shape->h], taps = taps_y * f->taps_x[shape->w];
    const double chunks = divide_up(t->part_c, t->chunk_c), steps = chunks * ceil(taps_y / t->rows);
    const double planes = chunks * t->chunk_c / t->in_vector / t->slices;
    const int loads = t->positions + t->in_vector * t->channels / t->vector;
    const double in_staged = chunks * (double)divide_up_size(patch_vectors(f, t), (size_t)t->items);
    const double weights_staged = chunks * (double)divide_up_size(weight_vectors(f, t, 1), (size_t)t->items) * taps_y;
    const double issued = taps * (planes * (t->positions * t->channels * t->in_vector + loads) + chunks * TAP_SLOTS) +
                          (in_staged + weights_staged) * STAGED_SLOTS;
    const double local = taps * planes * LOCAL_SLOTS * loads + in_staged * staging_slots(t->chunk_c) +
                         weights_staged * staging_slots(conv_is_forward(f->desc->op) ? t->block : t->chunk_c);
    const double far = (in_staged + weights_staged) * FAR_SLOTS;
    const double slots = fmax(issued, local) + far +
                         steps * (BARRIER_SLOTS + fmax(STEP_SLOTS - issued / fmax(steps, 1), 0)) + START_SLOTS +
                         t->positions * (OUTPUT_SLOTS + exchange_slots(t));
    const double tiles = (double)divide_up(f->images, shape->n) * divide_up(f->axes.y.places, shape->h) *
                         divide_up(f->axes.x.places, shape->w);
    const conv_geometry *g = &f->desc->conv.g;
    const double groups = tiles * divide_up(f->sides.out_c, t->block) * (f->sides.spread ? g->sh * g->sw : 1);
    return slots * (ceil(groups * t->parts / f->units) * t->items + ITEMS_MISSED) + parts_cost(f, t);
}

/* As many rows of taps as are read ahead, and then one, where more do not fit. */
static bool fit_rows(const fit *f, conv_tiled_tile *t) {
    const size_t most = most_ahead(t) * (size_t)t->items;
    for (t->rows = f->axes.y.taps; t->rows > 1; t->rows = divide_up(t->rows, 2))
        if (weight_vectors(f, t, t->rows) <= most && tile_bytes(f, t) <= f->local_bytes) return true;
    return tile_bytes(f, t) <= f->local_bytes;
}

/* The cheapest shape for some items and positions of each, if it is cheaper than the best so far; with one at hand,
 * none that leaves half of them without an output. */
static void fit_shape(const fit *f, conv_tiled_tile *t, conv_tiled_tile *best, double *least) {
    const int positions = smaller(tile_positions(t), MOST_EXTENT);
    const int most_images = smaller(smaller(f->images, f->most_images), positions);
    conv_tile_shape *s = &t->shape;
    for (s->h = 1; s->h <= f->axes.y.places && s->h <= positions; s->h++)
        for (s->w = 1; s->w <= f->axes.x.places && s->w * s->h <= positions; s->w++) {
            s->n = smaller(most_images, positions / (s->h * s->w));
            const bool is_whole = s->h == f->axes.y.places && s->w == f->axes.x.places;
            if (*least > 0 && !is_whole && 2 * s->n * s->h * s->w <= positions) continue;
            while (s->n > 0 && !fit_rows(f, t)) s->n /= 2;
            if (s->n == 0) continue;
            const double cost = tile_cost(f, t);
            if (*least > 0 && cost >= *least) continue;
            *best = *t;
            *least = cost;
        }
}

/* Slices may have a larger group. */
static int most_items(const conv_tiled_tile *t, int items, const int *v) {
    return t->slices > 1 ? items : smaller(items, v[ITEMS]);
}

static int fewest_items(const conv_tiled_tile *t, int most) {
    return smaller(larger(FEWEST_ITEMS, t->slices * t->block / t->channels), most);
}

/* The cheapest of all with the channels of an item, slices and chunk of `t`; false where there is none. */
static bool fit_tile(const fit *f, const conv_tiled_tile *t, int items, const int *v, conv_tiled_tile *best) {
    const int most = most_items(t, items, v);
    conv_tiled_tile next = *t;
    double least = 0;
    for (next.block = t->block; next.block == t->block || next.block >= larger(FEWEST_BLOCK, t->channels);
         next.block /= 2)
        for (next.items = most; next.items >= fewest_items(&next, most); next.items /= 2)
            for (next.positions = v[POSITIONS]; next.positions > 0; next.positions--) fit_shape(f, &next, best, &least);
    return least > 0;
}

/* About what the cheapest costs; 0 where there is none. */
static double least_cost(fit *f, const conv_tiled_tile *t, int items, const int *v, int images, int units) {
    const int most = most_items(t, items, v);
    conv_tiled_tile next = *t, best;
    double least = 0;
    f->images = images;
    f->units = units;
    for (next.items = most; next.items >= fewest_items(&next, most); next.items /= 2)
        for (next.positions = v[POSITIONS]; next.positions > 0; next.positions /= 2) fit_shape(f, &next, &best, &least);
    return least;
}

/* Whether these are as many parts of whole chunks, which `t` is given. */
static bool divide_channels(const fit *f, int parts, conv_tiled_tile *t) {
    t->parts = parts;
    t->part_c = parts == 1 ? f->sides.in_c : divide_up(divide_up(f->sides.in_c, t->chunk_c), parts) * t->chunk_c;
    return divide_up(f->sides.in_c, t->part_c) == parts;
}

/* So that the parts' sums take no more memory than the input and the output. */
static int most_parts(const fit *f) {
    const conv_sides *s = &f->sides;
    const int outputs = s->out_h * s->out_w * s->out_c, inputs = s->in_h * s->in_w * s->in_c;
    return outputs > MOST_DIVIDED ? 1 : smaller(inputs / outputs + 1, MOST_PARTS);
}

/* The best parts for the slices and the chunk of `t`, if all are cheaper than the best so far. */
static void fit_parts(fit *f, int items, const int *v, const conv_tiled_tile *t, conv_tiled_tile *best, double *least) {
    conv_tiled_tile next = *t;
    for (int parts = 1; parts <= most_parts(f); parts *= 2) {
        if (!divide_channels(f, parts, &next)) break;
        const double cost =
            least_cost(f, &next, items, v, FEW_IMAGES, FEW_UNITS) * least_cost(f, &next, items, v, MANY_IMAGES, 1);
        if (cost <= 0 || (*least > 0 && cost >= *least)) continue;
        *best = next;
        *least = cost;
    }
}

/* What decides about the order of sums, by the shape alone: slices, the chunk and parts that are good for few images,
 * of which small ones with many input channels give too few items otherwise, and for many. */
static bool fit_order(fit *f, int items, const int *v, conv_tiled_tile *t) {
    conv_tiled_tile next = *t;
    double least = 0;
    for (next.slices = 1; next.slices <= MOST_SLICES; next.slices *= 2) {
        if (next.slices > 1 &&
            (next.slices * next.in_vector > f->sides.in_c || next.slices * next.block / next.channels > items))
            break;
        for (next.chunk_c = next.in_vector * next.slices;; next.chunk_c *= 2) {
            fit_parts(f, items, v, &next, t, &least);
            if (next.chunk_c >= f->sides.in_c || next.chunk_c * 2 > v[CHUNK_C] * next.slices) break;
        }
    }
    return least > 0;
}

/* Output channels of a work-group and of an item, as many as there are at most. */
static void conv_tiled_fit_channels(int channels, int items, const int *v, int *block, int *of_item) {
    *block = *of_item = 1;
    while (*block < channels && *block < v[BLOCK] && (*of_item < v[CHANNELS] || *block / *of_item < items)) {
        *block *= 2;
        if (*of_item < v[CHANNELS]) *of_item *= 2;
    }
}

bool conv_tiled_fit(const clae_device *device, const op_desc *desc, int items, const int *v, conv_tiled_tile *tile) {
    fit f = {.desc = desc, .sides = conv_sides_of(desc), .axes = conv_axes_of(desc)};
    f.local_bytes = (size_t)v[LOCAL_KIB] * 1024;
    f.most_images = conv_tile_most_images(desc, MOST_EXTENT);
    conv_tiled_tile t = {.in_vector = f.sides.in_c > 2 ? 4 : f.sides.in_c};
    conv_tiled_fit_channels(f.sides.out_c, items, v, &t.block, &t.channels);
    t.vector = smaller(t.channels, 4);
    find_taps(&f, MOST_EXTENT);
    if (!fit_order(&f, items, v, &t)) return false;
    f.images = desc->conv.g.n;
    f.units = (int)device->info.compute_units;
    if (!fit_tile(&f, &t, items, v, tile)) return false;
    const size_t group = (size_t)tile->items, most = most_ahead(tile);
    tile->ahead_in = (int)smaller_size(divide_up_size(patch_vectors(&f, tile), group), most);
    tile->ahead_weights = (int)smaller_size(divide_up_size(weight_vectors(&f, tile, tile->rows), group), most);
    return true;
}
