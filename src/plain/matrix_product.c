/* A task makes some rows and columns of c: it packs its rows of A where they are not contiguous, then panel by panel of
 * B into the L1 cache, and multiplies them tile by tile. */
#include "plain/matrix_product.h"
#include "base/numbers.h"
#include "plain/parallel.h"

enum {
    BLOCK_K = 256,
    ROWS_PER_TASK = 96,
    PANEL_VECTORS = 2,
    PANELS_PER_TASK = 4, /* at least */
    TASKS_PER_THREAD = 8,
};

/* What threads share of a product: panels of B are `width` wide, a task has `rows` and `columns` of c. */
typedef struct tiling {
    size_t width, rows, columns, row_tasks, column_tasks;
} tiling;

/* A task's part of c and of k, and its thread's memory. */
typedef struct block {
    const matrix_product *p;
    const plain_kernels *kernels;
    size_t width;
    size_t row_first, row_end, column_first, column_end;
    size_t first, depth;
    ptrdiff_t a_places[BLOCK_K], b_places[BLOCK_K];
    float *packed_a, *panel, *initial;
} block;

static size_t matrix_product_panel_width(const plain_device *device) {
    return (size_t)device->kernels->limits.width * PANEL_VECTORS;
}

static size_t matrix_product_thread_floats(const plain_device *device) {
    return ROWS_PER_TASK * BLOCK_K + matrix_product_panel_width(device) * (BLOCK_K + 1);
}

size_t matrix_product_workspace_floats(const plain_device *device) {
    return (size_t)device->threads * matrix_product_thread_floats(device);
}

/* Panels share the packed rows of a task, unless threads would have too few tasks. */
static tiling matrix_product_tile(const plain_device *device, const matrix_product *p, int count) {
    tiling t = {.width = matrix_product_panel_width(device), .rows = smaller_size(p->m, ROWS_PER_TASK)};
    const size_t panels = divide_up_size(p->n, t.width);
    t.row_tasks = divide_up_size(p->m, t.rows);
    const size_t wanted = divide_up_size((size_t)device->threads * TASKS_PER_THREAD, t.row_tasks * (size_t)count);
    t.columns = t.width * smaller_size(panels, larger_size(panels / wanted, PANELS_PER_TASK));
    t.column_tasks = divide_up_size(p->n, t.columns);
    return t;
}

static void matrix_product_place(block *b) {
    const matrix_product *p = b->p;
    if (p->place) {
        p->place(p, b->first, b->depth, b->a_places, b->b_places);
        return;
    }
    for (size_t l = 0; l < b->depth; l++) {
        b->a_places[l] = (ptrdiff_t)((b->first + l) * p->m);
        b->b_places[l] = (ptrdiff_t)((b->first + l) * p->n);
    }
}

static void matrix_product_pack_b(const block *b, size_t column, size_t columns, size_t width) {
    const matrix_product *p = b->p;
    if (columns < width)
        for (size_t i = 0; i < b->depth * width; i++) b->panel[i] = 0;
    if (!p->transpose_b) {
        b->kernels->copy_rows(p->b + column, b->b_places, b->depth, columns, p->alpha, b->panel, width);
        return;
    }
    ptrdiff_t places[BLOCK_K];
    for (size_t j = 0; j < columns; j++) places[j] = (ptrdiff_t)((column + j) * p->k);
    b->kernels->transpose(p->b + b->first, places, columns, b->depth, p->alpha, b->panel, width);
}

/* What a sum begins with where nothing is added to c. */
static void matrix_product_make_initial(const block *b, size_t column, size_t columns) {
    for (size_t j = 0; j < b->width; j++) b->initial[j] = b->p->bias && j < columns ? b->p->bias[column + j] : 0;
}

/* A share of the next panel on its way to the cache, while this one is multiplied with. */
static void matrix_product_fetch(const block *b, size_t column, int share, int shares) {
    const matrix_product *p = b->p;
    if (column >= b->column_end) return;
    const size_t columns = smaller_size(b->width, b->column_end - column);
    const size_t rows = p->transpose_b ? columns : b->depth, floats = p->transpose_b ? b->depth : columns;
    for (size_t i = rows * (size_t)share / (size_t)shares; i < rows * (size_t)(share + 1) / (size_t)shares; i++) {
        const float *row = p->transpose_b ? p->b + (column + i) * p->k + b->first : p->b + b->b_places[i] + column;
        for (size_t j = 0; j < floats; j += LINE_FLOATS) __builtin_prefetch(row + j, 0, 2);
    }
}

static void matrix_product_multiply(const block *b, size_t column, size_t columns, int vectors) {
    const matrix_product *p = b->p;
    const bool is_first = b->first == 0, is_last = b->first + b->depth == p->k;
    const size_t at = b->row_first * p->n + column, a_stride = p->transpose_a ? b->depth : p->k;
    tile t = {
        .in = p->transpose_a ? b->packed_a : p->a + b->row_first * a_stride + b->first,
        .weight = b->panel,
        .in_stride = (ptrdiff_t)a_stride,
        .rows = 1,
        .length = (int)b->depth,
        .out = p->c + at,
        .mask = p->mask && is_last ? p->mask + at : NULL,
        .out_stride = (ptrdiff_t)p->n,
        .initial = is_first && p->beta == 0 ? b->initial : NULL,
        .channels = (int)columns,
        .relu = p->relu && is_last,
        .is_shared = p->is_shared && is_last,
    };
    const int most = b->kernels->limits.max_positions[vectors];
    const int calls = divide_up((int)(b->row_end - b->row_first), most);
    for (int call = 0, left = (int)(b->row_end - b->row_first), size; call < calls; call++, left -= size) {
        size = tile_next(left, most);
        matrix_product_fetch(b, column + b->width, call, calls);
        b->kernels->tile(&t, vectors, size);
        t.in += size * t.in_stride;
        t.out += size * t.out_stride;
        if (t.mask) t.mask += size * t.out_stride;
    }
}

/* What is in c before the first product, where that counts or there is none. */
static void matrix_product_scale_c(const block *b) {
    const matrix_product *p = b->p;
    for (size_t i = b->row_first; i < b->row_end; i++)
        for (size_t j = b->column_first; j < b->column_end; j++) {
            float *c = p->c + i * p->n + j;
            *c = (p->beta != 0 ? p->beta * *c : 0) + (p->bias ? p->bias[j] : 0);
        }
}

static void matrix_product_run_block(block *b) {
    const matrix_product *p = b->p;
    matrix_product_place(b);
    if (p->transpose_a)
        b->kernels->transpose(p->a + b->row_first, b->a_places, b->depth, b->row_end - b->row_first, 1, b->packed_a,
                              b->depth);
    for (size_t column = b->column_first; column < b->column_end; column += b->width) {
        const size_t columns = smaller_size(b->width, b->column_end - column);
        const size_t lanes = b->width / PANEL_VECTORS, vectors = divide_up_size(columns, lanes);
        matrix_product_pack_b(b, column, columns, vectors * lanes);
        matrix_product_make_initial(b, column, columns);
        matrix_product_multiply(b, column, columns, (int)vectors);
    }
}

static void matrix_product_run_task(const plain_device *device, const matrix_product *p, const tiling *t, size_t task,
                                    float *own) {
    block b = {.p = p, .kernels = device->kernels, .width = t->width, .packed_a = own};
    b.panel = own + ROWS_PER_TASK * BLOCK_K;
    b.initial = b.panel + BLOCK_K * t->width;
    b.row_first = task / t->column_tasks * t->rows, b.row_end = smaller_size(b.row_first + t->rows, p->m);
    b.column_first = task % t->column_tasks * t->columns;
    b.column_end = smaller_size(b.column_first + t->columns, p->n);
    if (p->k == 0 || (p->beta != 0 && (p->beta != 1 || p->bias))) matrix_product_scale_c(&b);
    for (; b.first < p->k; b.first += b.depth) {
        b.depth = smaller_size(p->k - b.first, BLOCK_K);
        matrix_product_run_block(&b);
    }
}

void matrix_product_run(const plain_device *device, const matrix_product *products, int count, float *workspace) {
    const tiling t = matrix_product_tile(device, products, count);
    const int each = (int)(t.row_tasks * t.column_tasks), tasks = count * each;
    PLAIN_PARALLEL_FOR (device, i, tasks)
        matrix_product_run_task(device, &products[i / each], &t, (size_t)(i % each),
                                workspace + (size_t)plain_thread() * matrix_product_thread_floats(device));
}
