/* c = a b, of MMA_M x 16 and 16 x MMA_N elements, by one warp: shows whether MMA computes what src/opencl/mma.c expects. */
#define M_TILES 1
#define N_TILES 1
#include "mma.cl"

static float probe_a(float x, int part) {
    float4 parts[A_PARTS];
    mma_split_a((float4)(x), parts);
    return parts[part].x;
}

static float probe_b(float x, int part) {
    float4 parts[B_PARTS];
    mma_split_b((float4)(x), parts);
    return parts[part].x;
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) MMA_KERNEL
void mma_probe(global const float *a, global const float *b, global float *c) {
    local float exchange[MMA_EXCHANGE] __attribute__((aligned(16)));
    mma_sums sums[M_TILES][N_TILES] = {{(mma_sums)(0)}};
    for (int k0 = 0; k0 < 16; k0 += 8) {
        mma_rows rows[M_TILES][A_PARTS];
        mma_columns columns[N_TILES][B_PARTS];
        for (int part = 0; part < A_PARTS; part++) {
            for (int i = 0; i < A_ROWS * A_ELEMENTS; i++) {
                int row = A_ROWS * mma_a_line() + i % A_ROWS, k = k0 + mma_a_share() + i / A_ROWS * A_SHARES;
                ((float *)&rows[0][part])[i] = probe_a(a[row * 16 + k], part);
            }
        }
        for (int part = 0; part < B_PARTS; part++) {
            for (int i = 0; i < B_COLUMNS * B_ELEMENTS; i++) {
                int column = B_COLUMNS * mma_b_line() + i % B_COLUMNS, k = k0 + mma_b_share() + i / B_COLUMNS * B_SHARES;
                ((float *)&columns[0][part])[i] = probe_b(b[k * MMA_N + column], part);
            }
        }
        mma_multiply(sums, rows, columns, exchange);
    }
    for (int i = 0; i < MMA_SUMS; i++) c[mma_row(i) * MMA_N + mma_column(i)] = mma_sum(sums[0][0], i);
}
