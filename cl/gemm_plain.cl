/* c = alpha op(A) op(B) + beta c: a work-group of SIDE x SIDE items makes a tile of 4 SIDE x 4 SIDE elements from tiles of
 * A and B in local memory. -DTRANSPOSE_A: A is stored [k][m]; -DTRANSPOSE_B: B is stored [n][k]. The third dimension
 * divides k; with more than one part, `c` is a store of the parts' sums, to be added up by gemm_sum. */
#define TILE (4 * SIDE)

__kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void
gemm_tiled(__global const float *a, ulong a_offset, __global const float *b, ulong b_offset, __global float *c,
           ulong c_offset, uint m, uint n, uint k, uint part, float alpha, float beta) {
    __local float tile_a[SIDE][TILE + 1], tile_b[SIDE][TILE + 1];
    const uint x = get_local_id(0), y = get_local_id(1);
    const uint item = y * SIDE + x;
    const uint row = (uint)GROUP_ID(0, SIDE) * TILE, column = (uint)GROUP_ID(1, SIDE) * TILE;
    const uint k_start = (uint)GROUP_ID(2, 1) * part, k_end = min(k_start + part, k);
    a += a_offset;
    b += b_offset;
    c += c_offset + (ulong)GROUP_ID(2, 1) * m * n;
    float sum[4][4];
#pragma unroll
    for (uint i = 0; i < 4; ++i)
#pragma unroll
        for (uint j = 0; j < 4; ++j) sum[i][j] = 0.0f;
    for (uint k0 = k_start; k0 < k_end; k0 += SIDE) {
#pragma unroll
        for (uint t = 0; t < 4; ++t) {
            const uint e = item + t * SIDE * SIDE;
#ifdef TRANSPOSE_A
            const uint ai = e % TILE, ak = e / TILE;
            const ulong a_at = (ulong)(k0 + ak) * m + row + ai;
#else
            const uint ai = e / SIDE, ak = e % SIDE;
            const ulong a_at = (ulong)(row + ai) * k + k0 + ak;
#endif
            tile_a[ak][ai] = row + ai < m && k0 + ak < k_end ? a[a_at] : 0.0f;
#ifdef TRANSPOSE_B
            const uint bi = e / SIDE, bk = e % SIDE;
            const ulong b_at = (ulong)(column + bi) * k + k0 + bk;
#else
            const uint bi = e % TILE, bk = e / TILE;
            const ulong b_at = (ulong)(k0 + bk) * n + column + bi;
#endif
            tile_b[bk][bi] = column + bi < n && k0 + bk < k_end ? b[b_at] : 0.0f;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (uint kk = 0; kk < SIDE; ++kk) {
            float ra[4], rb[4];
#pragma unroll
            for (uint i = 0; i < 4; ++i) {
                ra[i] = tile_a[kk][y + i * SIDE];
                rb[i] = tile_b[kk][x + i * SIDE];
            }
#pragma unroll
            for (uint i = 0; i < 4; ++i)
#pragma unroll
                for (uint j = 0; j < 4; ++j) sum[i][j] = fma(ra[i], rb[j], sum[i][j]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
#pragma unroll
    for (uint i = 0; i < 4; ++i) {
#pragma unroll
        for (uint j = 0; j < 4; ++j) {
            const uint r = row + y + i * SIDE, s = column + x + j * SIDE;
            if (r >= m || s >= n) continue;
            __global float *to = c + (ulong)r * n + s;
            *to = beta != 0.0f ? fma(alpha, sum[i][j], beta * *to) : alpha * sum[i][j];
        }
    }
}

__kernel void gemm_sum(__global const float *parts, ulong parts_offset, __global float *c, ulong c_offset, ulong count,
                       uint part_count, float alpha, float beta) {
    const ulong e = get_global_id(0);
    if (e >= count) return;
    float sum = 0.0f;
    for (uint p = 0; p < part_count; ++p) sum += parts[parts_offset + p * count + e];
    c[c_offset + e] = beta != 0.0f ? fma(alpha, sum, beta * c[c_offset + e]) : alpha * sum;
}
