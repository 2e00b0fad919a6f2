/* Convolutions for devices whose work-groups share local memory: cl/conv_gather_spread_tiled.cl and
 * cl/conv_filter_tiled.cl. */
#include "opencl/conv.h"

#include "base/numbers.h"

enum {
    MOST_ITEMS = 128,           /* of a work-group; fewer where the device or the built kernel wants that */
    LOCAL_MEMORY_BYTES = 32768, /* what every device of this kind has */
    FILTER_STEP = 16,
    FILTER_CHUNKS = 64,
};

/* A work-group's tile, as the macros of the same names. */
typedef struct tile {
    int items, n, h, w, block, chunk_c, positions, channels;
} tile;

/* Places of outputs along an axis and the taps of one: of the longest phase for spread. */
typedef struct axis {
    int places, taps, step;
} axis;

static axis axis_of(bool spread, int out, int kernel, int stride, int pad) {
    if (!spread) return (axis){out, kernel, stride};
    return (axis){(out - 1 + pad) / stride - pad / stride + 1, divide_up(kernel, stride), 1};
}

static size_t local_bytes(const tile *t, const axis *y, const axis *x) {
    const size_t patch = (size_t)((t->h - 1) * y->step + y->taps) * ((t->w - 1) * x->step + x->taps) * t->n;
    return ((patch | 1) + (size_t)x->taps * t->block) * t->chunk_c * sizeof(float);
}

/* Outputs wanted for each one computed, with many images; the patch's overlap counts a little. */
static double tile_worth(const tile *t, const axis *y, const axis *x, int positions) {
    const double rows = (double)y->places / (divide_up(y->places, t->h) * t->h);
    const double columns = (double)x->places / (divide_up(x->places, t->w) * t->w);
    const double patch = (double)((t->h - 1) * y->step + y->taps) * ((t->w - 1) * x->step + x->taps);
    return rows * columns * t->h * t->w * t->n / positions - 0.01 * patch / (t->h * t->w);
}

/* The best height and width of tiles for which the patch of `chunk_c` channels fits. */
static bool choose_shape(tile *t, const axis *y, const axis *x) {
    const int positions = t->items / (t->block / t->channels) * t->positions;
    tile best = *t, next = *t;
    double worth = 0;
    bool found = false;
    for (next.h = 1; next.h <= y->places && next.h <= positions; next.h++)
        for (next.w = 1; next.w <= x->places && next.w * next.h <= positions; next.w++) {
            next.n = positions / (next.h * next.w);
            while (next.n > 0 && local_bytes(&next, y, x) > LOCAL_MEMORY_BYTES) next.n /= 2;
            if (next.n == 0) continue;
            const double next_worth = tile_worth(&next, y, x, positions);
            if (found && next_worth <= worth) continue;
            best = next;
            worth = next_worth;
            found = true;
        }
    *t = best;
    return found;
}

static bool choose_tile(const op_desc *desc, size_t items, tile *t) {
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const axis y = axis_of(s.spread, s.out_h, g->kh, g->sh, g->ph), x = axis_of(s.spread, s.out_w, g->kw, g->sw, g->pw);
    *t = (tile){.items = (int)items, .block = 1, .channels = 1, .positions = 4, .chunk_c = 8};
    while (t->block < s.out_c && t->block < 32 && (t->channels < 4 || t->block / t->channels < t->items)) {
        t->block *= 2;
        if (t->channels < 4) t->channels *= 2;
    }
    if (t->channels == 4) t->positions = 8;
    while (t->chunk_c / 2 >= s.in_c) t->chunk_c /= 2;
    for (; t->chunk_c; t->chunk_c /= 2)
        if (choose_shape(t, &y, &x)) return true;
    return false;
}

static clae_status create_data(clae_device *device, const op_desc *desc, const op_impl *impl, const tile *t,
                               conv_instance **made) {
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_of_pass(desc, options);
    conv_options_add(options,
                     " -DLOCAL=%d -DTILE_N=%d -DTILE_H=%d -DTILE_W=%d -DBLOCK=%d -DCHUNK_C=%d -DPOSITIONS=%d"
                     " -DCHANNELS=%d",
                     t->items, t->n, t->h, t->w, t->block, t->chunk_c, t->positions, t->channels);
    const conv_program program = {"conv_gather_spread_tiled.cl", options, {"conv"}};
    const clae_status status = conv_instance_create(device, desc, impl, &program, conv_run_single, made);
    if (status != CLAE_OK) return status;
    const conv_geometry *g = &desc->conv.g;
    const conv_sides s = conv_sides_of(desc);
    const axis y = axis_of(s.spread, s.out_h, g->kh, g->sh, g->ph), x = axis_of(s.spread, s.out_w, g->kw, g->sw, g->pw);
    const size_t tiles = (size_t)divide_up(g->n, t->n) * divide_up(y.places, t->h) * divide_up(x.places, t->w);
    conv_grid(*made, 0, (const size_t[]){tiles * t->items, divide_up(s.out_c, t->block), s.spread ? g->sh * g->sw : 1},
              (const size_t[]){t->items, 1, 1});
    return CLAE_OK;
}

/* Columns of a filter's work-group and of a work-item; the rows that are staged beside them. */
static size_t filter_block_rows(const conv_geometry *g, size_t items, int *block, int *channels) {
    *channels = *block = 1;
    while (*block < g->narrow_c && *block < 32 && (*channels < 4 || (size_t)(*block / *channels) < items)) {
        *block *= 2;
        if (*channels < 4) *channels *= 2;
    }
    return items / (size_t)(*block / *channels) * 4;
}

/* The largest work-group whose staged rows and columns fit in local memory. */
static size_t filter_items(const clae_device *device, const conv_geometry *g) {
    size_t items = opencl_group_items((const opencl_device *)device, MOST_ITEMS);
    for (int block, channels; items > 1; items /= 2) {
        const size_t rows = filter_block_rows(g, items, &block, &channels);
        if (FILTER_STEP * (rows + (size_t)block) * sizeof(float) <= LOCAL_MEMORY_BYTES) break;
    }
    return items;
}

static clae_status create_filter(clae_device *device, const op_desc *desc, const op_impl *impl, size_t items,
                                 conv_instance **made) {
    const conv_geometry *g = &desc->conv.g;
    int channels, block;
    const size_t block_rows = filter_block_rows(g, items, &block, &channels);
    char options[CONV_OPTIONS_SIZE];
    conv_options(desc, options);
    conv_options_add(options, " -DLOCAL=%zu -DBLOCK_O=%d -DCHANNELS=%d -DSTEP=%d", items, block, channels, FILTER_STEP);
    const conv_program program = {"conv_filter_tiled.cl", options, {"conv_filter_partial", "conv_filter_reduce"}};
    const clae_status status = conv_instance_create(device, desc, impl, &program, conv_run_filter_split, made);
    if (status != CLAE_OK) return status;
    conv_split_batch(g->n, FILTER_CHUNKS, &(*made)->chunk, &(*made)->chunks);
    const size_t rows = (size_t)g->kh * g->kw * g->wide_c;
    const size_t row_blocks = (rows + block_rows - 1) / block_rows + (desc->conv.with_bias ? 1 : 0);
    const size_t results = conv_slice_count(desc);
    const size_t local[3] = {items, 1, 1};
    conv_grid(*made, 0, (const size_t[]){row_blocks * items, divide_up(g->narrow_c, block), (*made)->chunks}, local);
    conv_grid(*made, 1, (const size_t[]){(results + items - 1) / items * items, 1, 1}, local);
    (*made)->opencl.base.workspace_bytes = (*made)->chunks * results * sizeof(float);
    return CLAE_OK;
}

static bool kernels_allow(const conv_instance *instance, size_t items) {
    for (int i = 0; i < OPENCL_MAX_LAUNCHES; i++) {
        const opencl_kernel *kernel = &instance->opencl.launch[i].kernel;
        if (kernel->kernel && opencl_kernel_work_group_items(kernel) < items) return false;
    }
    return true;
}

bool opencl_conv_tiled_suits(const clae_device *device, const op_desc *desc) {
    return !opencl_is_cpu(device, desc);
}

/* Of gather and spread, a row of the kernel must fit in local memory. */
bool opencl_conv_tiled_supports(const clae_device *device, const op_desc *desc) {
    tile t;
    return conv_sizes_fit(desc, 1) &&
           (conv_kernel_of(desc->op) == CONV_FILTER ||
            choose_tile(desc, opencl_group_items((const opencl_device *)device, MOST_ITEMS), &t));
}

clae_status opencl_conv_tiled_prepare(clae_device *device, const op_desc *desc, const op_impl *entry,
                                      op_instance **instance) {
    const bool filter = conv_kernel_of(desc->op) == CONV_FILTER;
    size_t items = opencl_group_items(opencl_device_of(device), MOST_ITEMS);
    if (filter) items = filter_items(device, &desc->conv.g);
    for (;; items /= 2) {
        tile t;
        conv_instance *made;
        if (!filter && !choose_tile(desc, items, &t))
            return fail(device->context, CLAE_ERROR_DEVICE,
                        "%s: the kernel of implementation %s allows too few items in a work-group", op_name(desc->op),
                        entry->name);
        const clae_status status =
            filter ? create_filter(device, desc, entry, items, &made) : create_data(device, desc, entry, &t, &made);
        if (status != CLAE_OK) return status;
        if (items == 1 || kernels_allow(made, items)) {
            *instance = &made->opencl.base;
            return CLAE_OK;
        }
        opencl_instance_release(&made->opencl.base);
    }
}
