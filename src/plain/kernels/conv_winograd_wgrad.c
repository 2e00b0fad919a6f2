/* Gradients of weights by Winograd's algorithm. The way back cancels much, so sums are kept accurate: those of a group
 * are made on their own, in registers, before they are added to those of the split, the splits are added up in double,
 * and the divisors that are no powers of two wait until then. Gradients that are exactly 0 stay so
 * (winograd_support.h). */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd_support.h"

static const tile_limits conv_winograd_wgrad_limits = TILE_LIMITS;

enum { STEP = 4 };

/* sum[e][..] += sum_i wide[i][e] narrow[i][..] over the tiles i of a group. */
typedef struct product {
    const float *wide, *narrow;
    ptrdiff_t wide_stride, narrow_stride;
    int tiles;
    float *sum;
    ptrdiff_t sum_stride;
} product;

INLINE void product_run(const product *p, const int vectors, const int elements) {
    vector sum[TILE_MAX_POSITIONS][TILE_MAX_VECTORS];
    UNROLL
    for (int e = 0; e < elements; e++) {
        UNROLL
        for (int v = 0; v < vectors; v++) sum[e][v] = (vector){0};
    }
    const float *wide = p->wide, *narrow = p->narrow;
    for (int i = 0; i < p->tiles; i++, wide += p->wide_stride, narrow += p->narrow_stride)
        vector_outer_product(sum, narrow, wide, 1, vectors, elements);
    UNROLL
    for (int e = 0; e < elements; e++) {
        UNROLL
        for (int v = 0; v < vectors; v++) {
            float *to = p->sum + e * p->sum_stride + v * WIDTH;
            vector_store(to, vector_load(to) + sum[e][v]);
        }
    }
}

typedef void (*product_fn)(const product *p);

#define PRODUCT(vectors, elements)                                                                                     \
    static void product_##vectors##x##elements(const product *p) {                                                     \
        product_run(p, vectors, elements);                                                                             \
    }
TILE_SIZES(PRODUCT)

#define PRODUCT_ENTRY(vectors, elements) [vectors][elements] = product_##vectors##x##elements,
static const product_fn products[TILE_MAX_VECTORS + 1][TILE_MAX_POSITIONS + 1] = {TILE_SIZES(PRODUCT_ENTRY)};

static void conv_winograd_wgrad_multiply(const winograd_wgrad *f, int tiles, const float *wide, const float *narrow,
                                         float *sums) {
    const int wide_c = f->wide.channels, narrow_c = f->narrow.c;
    const int vectors = winograd_block_vectors(narrow_c, conv_winograd_wgrad_limits.max_vectors),
              most = conv_winograd_wgrad_limits.max_positions[vectors];
    for (int e = 0; e < f->size * f->size; e++) {
        for (int o = 0; o < narrow_c; o += vectors * WIDTH) {
            product p = {.wide = wide + e * f->wide_stride,
                         .narrow = narrow + e * f->narrow_stride + o,
                         .wide_stride = wide_c,
                         .narrow_stride = narrow_c,
                         .tiles = tiles,
                         .sum = sums + (ptrdiff_t)e * wide_c * narrow_c + o,
                         .sum_stride = narrow_c};
            for (int left = wide_c, size; left > 0; left -= size) {
                size = tile_next(left, most);
                products[vectors][size](&p);
                p.wide += size;
                p.sum += size * p.sum_stride;
            }
        }
    }
}

/* A group's share of the rows of all images, while they are in the cache. */
static void add_support(const winograd_wgrad *f, const winograd_image *image, const float *p, int group, int words,
                        uint32_t *bits) {
    for (int number = 0; number < winograd_phases(image); number++, bits += f->phase_words) {
        const winograd_view view = winograd_get_view(image, number);
        const size_t rows = (size_t)f->grid.n * (size_t)view.y->count, groups = (size_t)f->grid.groups,
                     at = (size_t)group;
        winograd_add_support(image, &view, p, at * rows / groups, (at + 1) * rows / groups, words, bits);
    }
}

/* `scratch` has room for the transformed tiles of a group. */
INLINE void sum_group(const winograd_wgrad *f, const winograd_wgrad_args *args, int index, float *sums, float *scratch,
                      const int size) {
    const winograd_group group = winograd_get_group(&f->grid, index);
    float *wide = scratch, *narrow = scratch + size * size * f->wide_stride;
    winograd_transform_group(WINOGRAD_DATA, size, size, &f->wide, &f->grid, &group, args->wide, wide, f->wide_stride);
    winograd_transform_group(WINOGRAD_VALUE, STEP, size, &f->narrow, &f->grid, &group, args->narrow, narrow,
                             f->narrow_stride);
    conv_winograd_wgrad_multiply(f, group.tiles, wide, narrow, sums);
    uint32_t *support = (uint32_t *)(void *)(sums + f->sum_floats);
    add_support(f, &f->wide, args->wide, index, f->words + 1, support);
    add_support(f, &f->narrow, args->narrow, index, f->words,
                support + (size_t)winograd_phases(&f->wide) * f->phase_words);
}

void PLAIN_NAME(plain_winograd_wgrad)(const winograd_wgrad *f, const winograd_wgrad_args *args, int group, float *sums,
                                      float *scratch) {
    if (f->size == 8)
        sum_group(f, args, group, sums, scratch, 8);
    else if (f->size == 6)
        sum_group(f, args, group, sums, scratch, 6);
    else
        sum_group(f, args, group, sums, scratch, 5);
}

typedef double wide_vector __attribute__((vector_size(8 * WIDTH)));

/* The sum of all splits of one element, in order. */
INLINE void sum_splits(const winograd_wgrad *f, const float *p, wide_vector *sum) {
    *sum = (wide_vector){0};
    for (int s = 0; s < f->splits; s++)
        *sum += __builtin_convertvector(vector_load(p + (size_t)s * f->slice_floats), wide_vector);
}

/* result[kernel][kernel] of sums[size][size]. */
INLINE void finish_vector(const winograd_wgrad *f, const float *sums, const double *matrix, float *result,
                          const int size, const int kernel) {
    const ptrdiff_t stride = (ptrdiff_t)f->wide.channels * f->narrow.c;
    wide_vector rows[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_SIZE];
    for (int y = 0; y < size; y++) {
        wide_vector in[WINOGRAD_MAX_SIZE];
        for (int x = 0; x < size; x++) sum_splits(f, sums + (y * size + x) * stride, &in[x]);
        for (int k = 0; k < kernel; k++) {
            rows[k][y] = (wide_vector){0};
            for (int x = 0; x < size; x++) rows[k][y] += matrix[k * size + x] * in[x];
        }
    }
    for (int k = 0; k < kernel * kernel; k++) {
        wide_vector sum = {0};
        for (int y = 0; y < size; y++) sum += matrix[k / kernel * size + y] * rows[k % kernel][y];
        vector_store(result + k * WIDTH, __builtin_convertvector(sum, vector));
    }
}

/* The taps of a phase that the kernel has, of a channel of wide and those of narrow from `o` on. */
INLINE void store_taps(const winograd_wgrad *f, const winograd_view *view, int channel, int o, const float *result,
                       float *dweight, const int kernel) {
    const int wide_c = f->wide.c, narrow_c = f->narrow.c, stride = f->wide.stride;
    const ptrdiff_t tap = (ptrdiff_t)wide_c * narrow_c, lane_stride = f->transposed ? wide_c : 1;
    dweight += f->transposed ? (ptrdiff_t)o * wide_c + channel : (ptrdiff_t)channel * narrow_c + o;
    for (int y = 0; y < view->y->taps; y++)
        for (int x = 0; x < view->x->taps; x++) {
            const int k = (view->y->tap + y * stride) * f->kernel_w + view->x->tap + x * stride;
            const float *from = result + (y * kernel + x) * WIDTH;
            for (int lane = 0; lane < WIDTH; lane++) dweight[k * tap + lane * lane_stride] = from[lane];
        }
}

INLINE void finish_channel(const winograd_wgrad *f, const winograd_wgrad_args *args, int channel, const double *matrix,
                           const int size, const int kernel) {
    const uint32_t *support = (const uint32_t *)(const void *)(args->sums + f->sum_floats);
    for (int number = 0; number < winograd_phases(&f->wide); number++) {
        const winograd_view view = winograd_get_view(&f->wide, number);
        const ptrdiff_t sums = ((ptrdiff_t)number * f->wide.c + channel) * f->narrow.c;
        for (int o = 0; o < f->narrow.c; o += WIDTH) {
            float result[WINOGRAD_MAX_SIZE * WINOGRAD_MAX_SIZE * WIDTH];
            finish_vector(f, args->sums + sums + o, matrix, result, size, kernel);
            winograd_zero_unmet(f, &view, support, channel, o, result, kernel);
            store_taps(f, &view, channel, o, result, args->dweight, kernel);
        }
    }
}

void PLAIN_NAME(plain_winograd_wgrad_finish)(const winograd_wgrad *f, const winograd_wgrad_args *args, int channel) {
    if (f->size == 8)
        finish_channel(f, args, channel, *winograd_divided_sum_5_8, 8, 5);
    else if (f->size == 6)
        finish_channel(f, args, channel, *winograd_divided_sum_3_6, 6, 3);
    else
        finish_channel(f, args, channel, *winograd_divided_sum_2_5, 5, 2);
}
