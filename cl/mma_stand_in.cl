/* In place of matrix units (mma.cl), for tests: items have the elements that they have on a unit, put them down in local memory,
 * line by line, and each adds up its own sums. */
#define A_FLOATS (M_TILES * MMA_M * 8) /* of a part */
#define B_FLOATS (N_TILES * MMA_N * 8)

MMA_INLINE void mma_put_rows(local float *tile, mma_rows rows) {
    #pragma unroll
    for (int i = 0; i < A_ROWS * A_ELEMENTS; i++) {
        int row = A_ROWS * mma_a_line() + i % A_ROWS, k = mma_a_share() + i / A_ROWS * A_SHARES;
        tile[row * 8 + k] = ((const float *)&rows)[i];
    }
}

MMA_INLINE void mma_put_columns(local float *tile, mma_columns columns) {
    #pragma unroll
    for (int i = 0; i < B_COLUMNS * B_ELEMENTS; i++) {
        int column = B_COLUMNS * mma_b_line() + i % B_COLUMNS, k = mma_b_share() + i / B_COLUMNS * B_SHARES;
        tile[column * 8 + k] = ((const float *)&columns)[i];
    }
}

/* Of four elements: those of BF16 are pairs. */
MMA_INLINE float4 mma_dot_four(float4 sum, float4 a, float4 b) {
#if MMA_LAYOUT == MMA_DPAS_BF16
    float4 lower = as_float4(as_uint4(a) << 16) * as_float4(as_uint4(b) << 16);
    return fma(as_float4(as_uint4(a) & 0xffff0000u), as_float4(as_uint4(b) & 0xffff0000u), sum + lower);
#else
    return fma(a, b, sum);
#endif
}

MMA_INLINE float4 mma_dot_part(float4 sum, local const float *a, local const float *b) {
    return mma_dot_four(mma_dot_four(sum, vload4(1, a), vload4(1, b)), vload4(0, a), vload4(0, b));
}

/* Of a row and a column, all parts. */
MMA_INLINE float mma_dot(local const float *a, local const float *b) {
    float4 sum = (float4)(0);
#if A_PARTS == 3
    sum = mma_dot_part(sum, a + 2 * A_FLOATS, b + B_FLOATS);
#endif
#if A_PARTS > 1
    sum = mma_dot_part(sum, a + A_FLOATS, b);
#endif
#if A_PARTS == 2 && B_PARTS == 2
    sum = mma_dot_part(sum, a, b + B_FLOATS);
#endif
    sum = mma_dot_part(sum, a, b);
    return sum.x + sum.y + sum.z + sum.w;
}

MMA_INLINE void mma_multiply(mma_sums sums[M_TILES][N_TILES], mma_rows a[M_TILES][A_PARTS],
                             mma_columns b[N_TILES][B_PARTS], local float *exchange) {
    local float *rows = exchange + mma_warp() * (MMA_EXCHANGE / WARPS), *columns = rows + A_PARTS * A_FLOATS;
    for (int m = 0; m < M_TILES; m++) {
        for (int part = 0; part < A_PARTS; part++) mma_put_rows(rows + part * A_FLOATS + m * (MMA_M * 8), a[m][part]);
    }
    for (int n = 0; n < N_TILES; n++) {
        for (int part = 0; part < B_PARTS; part++) mma_put_columns(columns + part * B_FLOATS + n * (MMA_N * 8), b[n][part]);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int m = 0; m < M_TILES; m++) {
        for (int n = 0; n < N_TILES; n++) {
            mma_sums sum;
            #pragma unroll
            for (int i = 0; i < MMA_SUMS; i++)
                ((float *)&sum)[i] = mma_dot(rows + (m * MMA_M + mma_row(i)) * 8, columns + (n * MMA_N + mma_column(i)) * 8);
            sums[m][n] += sum;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}
