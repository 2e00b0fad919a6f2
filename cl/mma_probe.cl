/* c = a b, of 16 x 16 and 16 x MMA_N elements, by one warp: shows whether MMA computes what src/opencl/mma.c expects. */
#define M_TILES 1
#define N_TILES 1
#include "mma.cl"

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void mma_probe(global const float *a, global const float *b, global float *c) {
    local float exchange[MMA_EXCHANGE];
    float4 sums[M_TILES][N_TILES] = {{(float4)(0)}};
    for (int k0 = 0; k0 < 16; k0 += 8) {
        int k = k0 + 2 * mma_quarter();
        float2 rows[M_TILES][A_ROWS], columns[N_TILES];
        for (int r = 0; r < A_ROWS; r++) rows[0][r] = vload2(0, a + (mma_line() + 8 * r) * 16 + k);
        columns[0] = (float2)(b[k * MMA_N + mma_line()], b[(k + 1) * MMA_N + mma_line()]);
        mma_multiply(sums, rows, columns, exchange);
    }
    for (int i = 0; i < 4; i++) c[mma_row(i) * MMA_N + mma_column(i)] = mma_sum(sums[0][0], i);
}
