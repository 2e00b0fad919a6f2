/* Gradients of weights by Winograd's algorithm. The way back cancels much, so sums are kept accurate: those of a group
 * are made on their own, in registers, before they are added to those of the split, the splits are added up in double,
 * and the divisors that are no powers of two wait until then. Gradients that are exactly 0 stay so
 * (winograd_support.h). */
#include "plain/kernels/isa.h"
#include "plain/kernels/tiles.h"
#include "plain/kernels/winograd_ahead.h"
#include "plain/kernels/winograd_support.h"

static const tile_limits conv_winograd_wgrad_limits = TILE_LIMITS;

/* sum[e][..] += sum_i wide[i][e] narrow[i][..] over the tiles i of a group. */
typedef struct product {
    const float *wide, *narrow;
    ptrdiff_t wide_stride, narrow_stride;
    int tiles;
    bool is_first; /* sum[e][..] = instead of += */
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
            vector_store(to, p->is_first ? sum[e][v] : vector_load(to) + sum[e][v]);
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

/* What is fetched while products are made. */
typedef struct fetched {
    winograd_ahead wide, narrow;
} fetched;

/* Adds the products of `tiles` tiles for an element of t x t, some channels of wide and some of narrow, which begin
 * there, to sums, or puts them there. */
static void conv_winograd_wgrad_multiply(const winograd_wgrad *f, const winograd_block *block, int tiles, bool is_first,
                                         const fetched *ahead, const float *wide, const float *narrow, float *sums) {
    const tile_limits *limits = &conv_winograd_wgrad_limits;
    const int vectors = winograd_block_of(block->narrow_count, WIDTH, limits->max_vectors * WIDTH) / WIDTH,
              most = limits->max_positions[vectors];
    const int calls = block->narrow_count / (vectors * WIDTH) * divide_up(block->wide_count, most);
    int call = 0;
    for (int o = 0; o < block->narrow_count; o += vectors * WIDTH) {
        product p = {.wide = wide,
                     .narrow = narrow + o,
                     .wide_stride = f->wide.block,
                     .narrow_stride = f->narrow.block,
                     .tiles = tiles,
                     .is_first = is_first,
                     .sum = sums + o,
                     .sum_stride = block->row_stride};
        for (int left = block->wide_count, size; left > 0; left -= size) {
            size = tile_next(left, most);
            winograd_fetch(&ahead->wide, call, calls);
            winograd_fetch(&ahead->narrow, call++, calls);
            products[vectors][size](&p);
            p.wide += size;
            p.sum += size * p.sum_stride;
        }
    }
}

/* Element by element, whose sums stay in the L1 cache. */
void PLAIN_NAME(plain_winograd_wgrad_multiply)(const winograd_wgrad *f, const winograd_block *block, int tiles,
                                               bool is_first, const float *wide, const float *narrow, float *sums) {
    wide += winograd_channel_place(&f->wide, f->size, f->wide_stride, block->wide_first);
    narrow += winograd_channel_place(&f->narrow, f->size, f->narrow_stride, block->narrow_first);
    for (int e = 0; e < f->size * f->size; e++) {
        for (int first = 0, count; first < tiles; first += count) {
            count = smaller(tiles - first, WINOGRAD_SUM_TILES);
            const float *wides = wide + (ptrdiff_t)first * f->wide.block,
                        *narrows = narrow + (ptrdiff_t)first * f->narrow.block;
            const fetched next = {{wides + f->wide_stride, (ptrdiff_t)count * f->wide.block},
                                  {narrows + f->narrow_stride, (ptrdiff_t)count * f->narrow.block}};
            conv_winograd_wgrad_multiply(f, block, count, is_first && first == 0, &next, wides, narrows, sums);
        }
        wide += f->wide_stride;
        narrow += f->narrow_stride;
        sums += block->element_stride;
    }
}

/* A share of the rows of all images. */
static void add_support(const winograd_wgrad *f, const winograd_image *image, const float *p, size_t part, size_t parts,
                        int words, uint32_t *bits) {
    for (int number = 0; number < winograd_phases(image); number++, bits += f->phase_words) {
        const winograd_view view = winograd_get_view(image, number);
        const size_t rows = (size_t)f->grid.n * (size_t)view.y->count;
        winograd_add_support(image, &view, p, part * rows / parts, (part + 1) * rows / parts, words, bits);
    }
}

void PLAIN_NAME(plain_winograd_wgrad_support)(const winograd_wgrad *f, const winograd_wgrad_args *args, int part,
                                              int parts, uint32_t *bits) {
    add_support(f, &f->wide, args->wide, (size_t)part, (size_t)parts, f->words + 1, bits);
    add_support(f, &f->narrow, args->narrow, (size_t)part, (size_t)parts, f->words,
                bits + (size_t)winograd_phases(&f->wide) * f->phase_words);
}

INLINE void transform_tiles(const winograd_wgrad *f, const winograd_wgrad_args *args, const winograd_group *group,
                            winograd_elements wide, winograd_elements narrow, const int size) {
    winograd_transform_group(WINOGRAD_DATA, size, size, &f->wide, &f->grid, group, args->wide, wide);
    winograd_transform_group(WINOGRAD_VALUE, WINOGRAD_STEP, size, &f->narrow, &f->grid, group, args->narrow, narrow);
}

INLINE void conv_winograd_wgrad_in(const winograd_wgrad *f, const winograd_wgrad_args *args, int index, float *wide,
                                   float *narrow, const bool is_shared) {
    const winograd_group group = winograd_get_group(&f->grid, index);
    const winograd_elements to_wide = {wide, f->wide_stride, is_shared},
                            to_narrow = {narrow, f->narrow_stride, is_shared};
    if (f->size == 8)
        transform_tiles(f, args, &group, to_wide, to_narrow, 8);
    else if (f->size == 6)
        transform_tiles(f, args, &group, to_wide, to_narrow, 6);
    else
        transform_tiles(f, args, &group, to_wide, to_narrow, 5);
}

void PLAIN_NAME(plain_winograd_wgrad_in)(const winograd_wgrad *f, const winograd_wgrad_args *args, int index,
                                         float *wide, float *narrow) {
    conv_winograd_wgrad_in(f, args, index, wide, narrow, true);
}

/* `scratch` has room for the transformed tiles of a group. */
void PLAIN_NAME(plain_winograd_wgrad)(const winograd_wgrad *f, const winograd_wgrad_args *args, int group,
                                      bool is_first, float *sums, float *scratch) {
    float *narrow = scratch + f->size * f->size * f->wide_stride;
    const winograd_block all = winograd_whole_block(f);
    const winograd_ahead wide_ahead = winograd_look_ahead(&f->wide, &f->grid, args->wide, group + 1),
                         narrow_ahead = winograd_look_ahead(&f->narrow, &f->grid, args->narrow, group + 1);
    conv_winograd_wgrad_in(f, args, group, scratch, narrow, false);
    const int elements = f->size * f->size, tiles = winograd_get_group(&f->grid, group).tiles;
    for (int e = 0; e < elements; e++) {
        const fetched next = {winograd_share(&wide_ahead, e, elements), winograd_share(&narrow_ahead, e, elements)};
        conv_winograd_wgrad_multiply(f, &all, tiles, is_first, &next, scratch + e * f->wide_stride,
                                     narrow + e * f->narrow_stride, sums + e * all.element_stride);
    }
}

/* The sum of all splits of one element, in order. */
INLINE double_vector sum_splits(const winograd_wgrad *f, const float *p) {
    double_vector sum = {0};
    for (int s = 0; s < f->splits; s++) sum += vector_load_doubles(p + (size_t)s * f->slice_floats);
    return sum;
}

/* result[kernel][kernel] of sums[size][size], of half a vector of channels. */
INLINE void finish_half(const winograd_wgrad *f, const float *sums, ptrdiff_t stride, const double *matrix,
                        float *result, const int size, const int kernel) {
    double_vector results[WINOGRAD_MAX_SIZE][WINOGRAD_MAX_SIZE] = {{{0}}};
    for (int y = 0; y < size; y++) {
        double_vector in[WINOGRAD_MAX_SIZE];
        UNROLL
        for (int x = 0; x < size; x++) in[x] = sum_splits(f, sums + (y * size + x) * stride);
        UNROLL
        for (int k = 0; k < kernel; k++) {
            double_vector row = {0};
            UNROLL
            for (int x = 0; x < size; x++) row += matrix[k * size + x] * in[x];
            UNROLL
            for (int i = 0; i < kernel; i++) results[i][k] += matrix[i * size + y] * row;
        }
    }
    UNROLL
    for (int k = 0; k < kernel * kernel; k++)
        vector_store_doubles(result + k * WIDTH, results[k / kernel][k % kernel]);
}

INLINE void finish_vector(const winograd_wgrad *f, const float *sums, ptrdiff_t stride, const double *matrix,
                          float *result, const int size, const int kernel) {
    for (int half = 0; half < WIDTH; half += WIDTH / 2)
        finish_half(f, sums + half, stride, matrix, result + half, size, kernel);
}

/* A tap's gradients [narrow][wide], of result[wide][kernel][kernel][narrow]; as lines where wide has enough. */
INLINE void store_transposed(const float *result, const ptrdiff_t *places, int count, float *dweight, int wide_c) {
    float lines[WIDTH * WIDTH];
    PLAIN_NAME(plain_transpose)(result, places, (size_t)count, WIDTH, 1, lines, WIDTH);
    for (int lane = 0; lane < WIDTH; lane++, dweight += wide_c) {
        if (count == WIDTH)
            vector_stream_line(dweight, vector_load(lines + lane * WIDTH));
        else
            memcpy(dweight, lines + lane * WIDTH, (size_t)count * sizeof(float));
    }
}

/* The taps of a phase that the kernel has, of `count` channels of wide and those of narrow from `o` on. */
INLINE void store_taps(const winograd_wgrad *f, const winograd_view *view, int channel, int count, int o,
                       const float *result, float *dweight, const int kernel) {
    const int wide_c = f->wide.c, narrow_c = f->narrow.c, stride = f->wide.stride;
    const ptrdiff_t tap = (ptrdiff_t)wide_c * narrow_c;
    ptrdiff_t places[WIDTH];
    for (int i = 0; i < count; i++) places[i] = (ptrdiff_t)i * kernel * kernel * WIDTH;
    dweight += f->transposed ? (ptrdiff_t)o * wide_c + channel : (ptrdiff_t)channel * narrow_c + o;
    for (int y = 0; y < view->y->taps; y++)
        for (int x = 0; x < view->x->taps; x++) {
            const int k = (view->y->tap + y * stride) * f->kernel_w + view->x->tap + x * stride;
            const float *from = result + (y * kernel + x) * WIDTH;
            if (f->transposed)
                store_transposed(from, places, count, dweight + k * tap, wide_c);
            else
                for (int i = 0; i < count; i++)
                    vector_stream_line(dweight + k * tap + (ptrdiff_t)i * narrow_c, vector_load(from + places[i]));
        }
}

/* Some channels of wide at a time, which fill a line of dweight. */
INLINE void finish_block(const winograd_wgrad *f, const winograd_wgrad_args *args, const winograd_block *block,
                         const float *sums, const double *matrix, const int size, const int kernel) {
    for (int i = 0, count; i < block->wide_count; i += count, sums += count * block->row_stride) {
        const int row = block->wide_first + i, channel = row % f->wide.c;
        const winograd_view view = winograd_get_view(&f->wide, row / f->wide.c);
        count = smaller(WIDTH, smaller(block->wide_count - i, f->wide.c - channel));
        for (int o = 0; o < block->narrow_count && block->narrow_first + o < f->narrow.c; o += WIDTH) {
            const int narrow = winograd_vector_channel(f->narrow.c, WIDTH, (block->narrow_first + o) / WIDTH);
            float results[WIDTH * WINOGRAD_MAX_TAPS * WIDTH], *result = results;
            for (int j = 0; j < count; j++, result += kernel * kernel * WIDTH) {
                finish_vector(f, sums + o + j * block->row_stride, block->element_stride, matrix, result, size, kernel);
                winograd_zero_unmet(f, &view, args->support, channel + j, narrow, result, kernel);
            }
            store_taps(f, &view, channel, count, narrow, results, args->dweight, kernel);
        }
    }
}

void PLAIN_NAME(plain_winograd_wgrad_finish)(const winograd_wgrad *f, const winograd_wgrad_args *args,
                                             const winograd_block *block, const float *sums) {
    if (f->size == 8)
        finish_block(f, args, block, sums, *winograd_divided_sum_5_8, 8, 5);
    else if (f->size == 6)
        finish_block(f, args, block, sums, *winograd_divided_sum_3_6, 6, 3);
    else
        finish_block(f, args, block, sums, *winograd_divided_sum_2_5, 5, 2);
}
