/* Gradients of the weights as a product of matrices for each tap: the positions of narrow are the terms of the sums.
 * Weights are [wide][narrow] or, transposed, [narrow][wide]; rows of the product are channels of the first, columns of
 * the second.
 *
 * Macros: LANES, VECTORS, MR; ROWS, a multiple of MR, and DEPTH, what is packed at a time of rows and of terms. */
#include "conv_geometry.cl"
#define ROWS_SPACE private
#define PANEL_SPACE private
#include "gemm_panel.cl"
#include "gemm_results.cl"

typedef struct operands {
    conv_geometry g;
    int transposed;
    global const float *wide, *narrow;
} operands;

/* `count` floats, `width` with zeros behind them; only zeros where there is none to copy. */
static void copy_row(global const float *from, bool exists, uint count, uint width, float *to) {
    uint i = 0;
    if (exists) {
        #pragma unroll 1
        for (; i + LANES <= count; i += LANES) VSTORE(LANES)(VLOAD(LANES)(0, from + i), 0, to + i);
        #pragma unroll 1
        for (; i < count; i++) to[i] = from[i];
    }
    #pragma unroll 1
    for (; i < width; i++) to[i] = 0;
}

/* Where the pixel of wide is that a tap joins to a position of narrow; whether there is one. */
static bool find_pixel(conv_geometry g, uint tap, uint position, size_t *pixel) {
    const uint row = position / g.narrow_w, image = row / g.narrow_h;
    const int y = (int)(row % g.narrow_h) * g.stride_h + (int)(tap / g.kernel_w) - g.pad_h;
    const int x = (int)(position % g.narrow_w) * g.stride_w + (int)(tap % g.kernel_w) - g.pad_w;
    const bool exists = y >= 0 && y < g.wide_h && x >= 0 && x < g.wide_w;
    *pixel = exists ? ((size_t)image * g.wide_h + y) * g.wide_w + x : 0;
    return exists;
}

/* Channels first_c .. first_c + count - 1 of `depth` positions of one side, zeros where the tap has no pixel. */
static void pack(const operands *o, bool of_wide, uint tap, uint first, uint depth, uint first_c, uint count,
                 uint width, uint stride, float *to) {
    global const float *from = (of_wide ? o->wide : o->narrow) + first_c;
    const uint channels = of_wide ? o->g.wide_c : o->g.narrow_c;
    #pragma unroll 1
    for (uint kk = 0; kk < depth; kk++) {
        size_t pixel;
        const bool exists = find_pixel(o->g, tap, first + kk, &pixel);
        copy_row(from + (of_wide ? pixel : first + kk) * channels, exists, count, width, to + kk * stride);
    }
}

/* Rows row .. row + rows - 1 of a tap's weights, and columns column_first .. column_end - 1. */
NOT_INLINE void multiply_block(const operands *o, uint tap, uint row, uint rows, uint column_first, uint column_end,
                               global float *dweight) {
    float packed[DEPTH * ROWS], panel[DEPTH * NR], zeros[NR];
    const uint terms = (uint)o->g.n * o->g.narrow_h * o->g.narrow_w, n = o->transposed ? o->g.wide_c : o->g.narrow_c;
    const uint width = (rows + MR - 1) / MR * MR;
    results to = {.mask = 0, .floor = -INFINITY, .stride = n};
    #pragma unroll 1
    for (uint i = 0; i < NR; i++) zeros[i] = 0;
    #pragma unroll 1
    for (uint first = 0, depth; first < terms; first += depth) {
        depth = min(terms - first, (uint)DEPTH);
        to.bias = first == 0 ? zeros : 0;
        pack(o, !o->transposed, tap, first, depth, row, rows, width, ROWS, packed);
        #pragma unroll 1
        for (uint column = column_first; column < column_end; column += NR) {
            to.columns = min(column_end - column, (uint)NR);
            pack(o, o->transposed, tap, first, depth, column, to.columns, NR, NR, panel);
            #pragma unroll 1
            for (uint r0 = 0; r0 < rows; r0 += MR) {
                lanes sum[MR][VECTORS];
                const float *a[MR];
                #pragma unroll
                for (uint r = 0; r < MR; r++) a[r] = packed + r0 + r;
                sum_up(sum, depth, panel, a, ROWS);
                to.c = dweight + (size_t)(row + r0) * n + column;
                to.rows = min(rows - r0, (uint)MR);
                store_tile(sum, &to);
            }
        }
    }
}

/* Sums of dy over all pixels, of NR channels from `first_c` on. */
NOT_INLINE void add_up_dy(global const float *dy, uint pixels, uint channels, uint first_c, global float *dbias) {
    const uint count = min(channels - first_c, (uint)NR);
    lanes sums[VECTORS];
    float edge[NR];
    #pragma unroll
    for (uint v = 0; v < VECTORS; v++) sums[v] = (lanes)(0);
    #pragma unroll 1
    for (uint i = 0; i < pixels; i++) {
        global const float *from = dy + (size_t)i * channels + first_c;
        if (count < NR) copy_row(from, true, count, NR, edge);
        #pragma unroll
        for (uint v = 0; v < VECTORS; v++) sums[v] += count == NR ? VLOAD(LANES)(v, from) : VLOAD(LANES)(v, edge);
    }
    #pragma unroll
    for (uint v = 0; v < VECTORS; v++) VSTORE(LANES)(sums[v], v, edge);
    #pragma unroll 1
    for (uint i = 0; i < count; i++) dbias[first_c + i] = edge[i];
}

/* Work-items: those of dbias, NR channels each; then those of each tap, ROWS x `columns` weights each. */
kernel __attribute__((reqd_work_group_size(1, 1, 1)))
void conv_wgrad_gemm(global const float *wide, ulong wide_offset, global const float *narrow, ulong narrow_offset,
                     global float *dweight, ulong dweight_offset, global float *dbias, ulong dbias_offset,
                     conv_geometry g, int transposed, uint dbias_items, uint columns) {
    const operands o = {g, transposed, wide + wide_offset, narrow + narrow_offset};
    const uint m = transposed ? g.narrow_c : g.wide_c, n = transposed ? g.wide_c : g.narrow_c;
    const uint blocks = (m + ROWS - 1) / ROWS, parts = (n + columns - 1) / columns;
    uint item = (uint)GROUP_ID(0, 1);
    if (item < dbias_items) {
        const uint pixels = transposed ? (uint)g.n * g.wide_h * g.wide_w : (uint)g.n * g.narrow_h * g.narrow_w;
        add_up_dy(transposed ? o.wide : o.narrow, pixels, n, item * NR, dbias + dbias_offset);
        return;
    }
    item -= dbias_items;
    const uint column = item % parts * columns, row = item / parts % blocks * ROWS, tap = item / parts / blocks;
    multiply_block(&o, tap, row, min(m - row, (uint)ROWS), column, min(column + columns, n),
                   dweight + dweight_offset + (size_t)tap * m * n);
}
