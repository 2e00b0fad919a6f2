/* Matrix products from packed blocks: a panel of B that stays in the L1 cache meets the rows of A, tile by tile. */
#include "base/memory.h"
#include "base/numbers.h"
#include "plain/impls.h"

enum { BLOCK_K = 256, ROWS_PER_TASK = 48, TRANSPOSE = 16, PANEL_VECTORS = 2 };

/* One block of k: B times alpha, packed as [panel][depth][channels of the panel]; A where it is stored [k][m], packed
 * as [m][depth]. */
typedef struct gemm_run {
    const gemm_desc *desc;
    const plain_kernels *kernels;
    const float *a, *b;
    float *c;
    float *zeros, *packed_a, *packed_b;
    size_t first, depth;
} gemm_run;

static void transpose_a(const gemm_run *r, size_t first, size_t end) {
    const gemm_desc *d = r->desc;
    for (size_t i0 = first; i0 < end; i0 += TRANSPOSE)
        for (size_t l = 0; l < r->depth; l++)
            for (size_t i = i0; i < smaller_size(i0 + TRANSPOSE, end); i++)
                r->packed_a[i * r->depth + l] = r->a[(r->first + l) * d->m + i];
}

/* A panel's columns: all but the last one have PANEL_VECTORS vectors of them. */
typedef struct panel {
    size_t column, columns;
    int vectors;
    float *packed;
} panel;

static panel gemm_blocked_get_panel(const gemm_run *r, size_t index) {
    const size_t lanes = (size_t)r->kernels->limits.width, width = lanes * PANEL_VECTORS;
    panel p = {.column = index * width, .packed = r->packed_b + index * width * r->depth};
    p.columns = smaller_size(width, r->desc->n - p.column);
    p.vectors = (int)divide_up_size(p.columns, lanes);
    return p;
}

static void pack_b(const gemm_run *r, const panel *p) {
    const gemm_desc *d = r->desc;
    const size_t row = d->transpose_b ? 1 : d->n, step = d->transpose_b ? d->k : 1;
    const size_t width = (size_t)p->vectors * (size_t)r->kernels->limits.width;
    float *packed = p->packed;
    for (size_t l = 0; l < r->depth; l++, packed += width) {
        const float *from = r->b + (r->first + l) * row + p->column * step;
        for (size_t j = 0; j < p->columns; j++) packed[j] = d->alpha * from[j * step];
        for (size_t j = p->columns; j < width; j++) packed[j] = 0;
    }
}

static void multiply_rows(const gemm_run *r, size_t first, size_t end) {
    const gemm_desc *d = r->desc;
    if (r->first == 0 && d->beta != 0 && d->beta != 1)
        for (size_t i = first * d->n; i < end * d->n; i++) r->c[i] *= d->beta;
    for (size_t index = 0; index * PANEL_VECTORS * (size_t)r->kernels->limits.width < d->n; index++) {
        const panel p = gemm_blocked_get_panel(r, index);
        const int most = r->kernels->limits.max_positions[p.vectors];
        tile t = {
            .in = d->transpose_a ? r->packed_a + first * r->depth : r->a + first * d->k + r->first,
            .weight = p.packed,
            .in_stride = (ptrdiff_t)(d->transpose_a ? r->depth : d->k),
            .rows = 1,
            .length = (int)r->depth,
            .out = r->c + first * d->n + p.column,
            .out_stride = (ptrdiff_t)d->n,
            .initial = r->first == 0 && d->beta == 0 ? r->zeros : NULL,
            .channels = (int)p.columns,
        };
        for (size_t left = end - first, size; left > 0; left -= size) {
            size = smaller_size(left, (size_t)most);
            r->kernels->tile(&t, p.vectors, (int)size);
            t.in += (ptrdiff_t)size * t.in_stride;
            t.out += (ptrdiff_t)size * t.out_stride;
        }
    }
}

static clae_status gemm_blocked_run(op_instance *instance, const op_args *args) {
    const plain_device *device = plain_device_of(instance->device);
    const gemm_desc *d = &instance->desc.gemm;
    gemm_run r = {.desc = d,
                  .kernels = device->kernels,
                  .a = plain_floats(args->operand[GEMM_A]),
                  .b = plain_floats(args->operand[GEMM_B]),
                  .c = plain_floats(args->operand[GEMM_C]),
                  .zeros = plain_floats(args->workspace)};
    const size_t width = (size_t)PANEL_VECTORS * (size_t)device->kernels->limits.width;
    const size_t most_depth = smaller_size(d->k, BLOCK_K);
    r.packed_b = r.zeros + width;
    r.packed_a = r.packed_b + divide_up_size(d->n, width) * width * most_depth;
    for (size_t i = 0; i < width; i++) r.zeros[i] = 0;
    const int panels = (int)divide_up_size(d->n, width), row_tasks = (int)divide_up_size(d->m, ROWS_PER_TASK);
    for (r.first = 0; r.first < d->k; r.first += r.depth) {
        r.depth = smaller_size(d->k - r.first, BLOCK_K);
        PLAIN_PARALLEL_FOR(plain_threads(device, panels))
        for (int i = 0; i < panels; i++) {
            const panel p = gemm_blocked_get_panel(&r, (size_t)i);
            pack_b(&r, &p);
        }
        PLAIN_PARALLEL_FOR(plain_threads(device, row_tasks))
        for (int i = 0; i < row_tasks; i++) {
            const size_t first = (size_t)i * ROWS_PER_TASK, end = smaller_size(first + ROWS_PER_TASK, d->m);
            if (d->transpose_a) transpose_a(&r, first, end);
            multiply_rows(&r, first, end);
        }
    }
    return CLAE_OK;
}

static clae_status gemm_blocked_prepare(clae_device *device, const op_desc *desc, const op_choice *choice,
                                        op_instance **instance) {
    const gemm_desc *d = &desc->gemm;
    const size_t width = (size_t)PANEL_VECTORS * (size_t)plain_device_of(device)->kernels->limits.width;
    clae_status status = plain_instance_create(device, desc, choice, sizeof(op_instance), gemm_blocked_run,
                                               plain_instance_free, instance);
    if (status == CLAE_OK)
        (*instance)->workspace_bytes = (width + ((d->transpose_a ? d->m : 0) + divide_up_size(d->n, width) * width) *
                                                    smaller_size(d->k, BLOCK_K)) *
                                       sizeof(float);
    return status;
}

const op_impl plain_gemm_blocked = {.name = "blocked", .supports = plain_supports_all, .prepare = gemm_blocked_prepare};
