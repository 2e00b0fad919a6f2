/* Gather and spread of 1x1 convolutions without padding, such as linear layers: matrix products whose rows are pixels.
 * Weights are read where they are, and packed a panel at a time.
 *
 * Macros: LANES, VECTORS, MR; DEPTH, the terms of sums that a packed panel is for; TRANSPOSED: weights are [out][in]. */
#define ROWS_SPACE global
#define PANEL_SPACE private
#include "gemm_panel.cl"
#include "gemm_results.cl"

typedef struct product {
    global const float *in, *weight, *bias, *mask;
    global float *out;
    float floor;
    uint m, n, k;
} product;

/* panel[kk][i] of columns from `column` on and inputs from `first` on, 0 beyond the last column. */
static void pack_panel(const product *p, uint column, uint columns, uint first, uint depth, float *panel) {
#ifdef TRANSPOSED
    global const float *from = p->weight + (size_t)column * p->k + first;
    const size_t column_step = p->k, step = 1;
#else
    global const float *from = p->weight + (size_t)first * p->n + column;
    const size_t column_step = 1, step = p->n;
#endif
    uint kk = 0;
    if (columns == NR) {
#ifdef TRANSPOSED
        #pragma unroll 1
        for (; kk + 4 <= depth; kk += 4)
            #pragma unroll
            for (uint i = 0; i < NR; i += 4) {
                global const float *rows = from + kk + i * column_step;
                const float4 a = vload4(0, rows), b = vload4(0, rows + column_step);
                const float4 c = vload4(0, rows + 2 * column_step), d = vload4(0, rows + 3 * column_step);
                vstore4((float4)(a.x, b.x, c.x, d.x), 0, panel + kk * NR + i);
                vstore4((float4)(a.y, b.y, c.y, d.y), 0, panel + (kk + 1) * NR + i);
                vstore4((float4)(a.z, b.z, c.z, d.z), 0, panel + (kk + 2) * NR + i);
                vstore4((float4)(a.w, b.w, c.w, d.w), 0, panel + (kk + 3) * NR + i);
            }
#else
        #pragma unroll 1
        for (; kk < depth; kk++) {
            #pragma unroll
            for (uint v = 0; v < VECTORS; v++) VSTORE(LANES)(VLOAD(LANES)(v, from + kk * step), v, panel + kk * NR);
        }
#endif
    }
    #pragma unroll 1
    for (; kk < depth; kk++)
        #pragma unroll 1
        for (uint i = 0; i < NR; i++) panel[kk * NR + i] = i < columns ? from[kk * step + i * column_step] : 0;
}

/* Rows row_first .. row_end - 1 of a panel, and terms of their sums; rows beyond the last are computed from it, and not
 * stored. */
static void multiply(const product *p, uint row_first, uint row_end, uint column, uint columns, uint first, uint depth,
                     const float *panel, const float *bias) {
    const bool last = first + depth == p->k;
    results to = {
        .bias = first == 0 ? bias : 0, .floor = last ? p->floor : -INFINITY, .stride = p->n, .columns = columns};
    #pragma unroll 1
    for (uint row = row_first; row < row_end; row += MR) {
        lanes sum[MR][VECTORS];
        global const float *a[MR];
        #pragma unroll
        for (uint r = 0; r < MR; r++) a[r] = p->in + (size_t)min(row + r, row_end - 1) * p->k + first;
        sum_up(sum, depth, panel, a, 1);
        const size_t at = (size_t)row * p->n + column;
        to.c = p->out + at;
        to.mask = last && p->mask ? p->mask + at : 0;
        to.rows = min(row_end - row, (uint)MR);
        store_tile(sum, &to);
    }
}

NOT_INLINE void multiply_block(const product *p, uint row_first, uint row_end, uint column_first, uint column_end) {
    float panel[DEPTH * NR], bias[NR];
    #pragma unroll 1
    for (uint column = column_first; column < column_end; column += NR) {
        const uint columns = min(column_end - column, (uint)NR);
        #pragma unroll 1
        for (uint i = 0; i < NR; i++) bias[i] = p->bias && i < columns ? p->bias[column + i] : 0;
        #pragma unroll 1
        for (uint first = 0, depth; first < p->k; first += depth) {
            depth = min(p->k - first, (uint)DEPTH);
            pack_panel(p, column, columns, first, depth, panel);
            multiply(p, row_first, row_end, column, columns, first, depth, panel, bias);
        }
    }
}

/* Work-items: `rows` pixels x `columns` output channels, whole panels. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_gemm(global const float *in, ulong in_offset, global const float *weight, ulong weight_offset,
               global const float *bias, ulong bias_offset, global const float *mask, ulong mask_offset,
               global float *out, ulong out_offset, uint m, uint n, uint k, int relu, uint rows, uint columns) {
    const uint row = (uint)GROUP_ID(0, 1) * rows, column = (uint)GROUP_ID(1, 1) * columns;
    const product p = {in + in_offset, weight + weight_offset, bias ? bias + bias_offset : bias,
                       mask ? mask + mask_offset : mask, out + out_offset, relu ? 0 : -INFINITY, m, n, k};
    multiply_block(&p, row, min(row + rows, m), column, min(column + columns, n));
}
