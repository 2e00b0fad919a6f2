/* c = a b, of 16 x 16 and 16 x MMA_N elements, by one warp: shows whether MMA computes what src/opencl/mma.c expects. */
#define M_TILES 1
#define N_TILES 1
#include "mma.cl"

static void probe_split(float2 x, float2 parts[MMA_PARTS]) {
    float4 split[MMA_PARTS];
    mma_split((float4)(x.x, x.y, 0, 0), split);
    for (int part = 0; part < MMA_PARTS; part++) parts[part] = split[part].xy;
}

static void probe_rows(float2 rows[A_ROWS], mma_rows parts[MMA_PARTS]) {
#if MMA == MMA_MFMA
    parts[0] = rows[0];
#else
    mma_split((float4)(rows[0].x, rows[1].x, rows[0].y, rows[1].y), parts);
#endif
}

kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void mma_probe(global const float *a, global const float *b, global float *c) {
    local float exchange[MMA_EXCHANGE] __attribute__((aligned(16)));
    float4 sums[M_TILES][N_TILES] = {{(float4)(0)}};
    for (int k0 = 0; k0 < 16; k0 += 8) {
        int k = k0 + 2 * mma_quarter();
        float2 from[A_ROWS], columns[N_TILES][MMA_PARTS];
        mma_rows rows[M_TILES][MMA_PARTS];
        for (int r = 0; r < A_ROWS; r++) from[r] = vload2(0, a + (A_ROWS * mma_line() + r) * 16 + k);
        probe_rows(from, rows[0]);
        probe_split((float2)(b[k * MMA_N + mma_line()], b[(k + 1) * MMA_N + mma_line()]), columns[0]);
        mma_multiply(sums, rows, columns, exchange);
    }
    for (int i = 0; i < 4; i++) c[mma_row(i) * MMA_N + mma_column(i)] = mma_sum(sums[0][0], i);
}
