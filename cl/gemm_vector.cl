/* c = alpha op(A) op(B) + beta c for CPUs: B, and A where it is transposed, are first copied into panels that the inner
 * loop reads in order. -DVEC floats in a vector; a tile of MR rows x NR columns stays in registers. */
#define NR (2 * VEC)

/* panels[p][kk][i] = source[kk][p * WIDTH + i], or source[p * WIDTH + i][kk] when TRANSPOSED; 0 beyond `extent`.
 * An item takes K_BLOCK of the kk of one panel. */
#ifdef WIDTH
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_pack(__global const float *source, ulong source_offset, __global float *panels, ulong panels_offset, uint extent,
          uint k, ulong stride) {
    const uint first = (uint)GROUP_ID(0, 1) * WIDTH;
    const uint start = (uint)GROUP_ID(1, 1) * K_BLOCK;
    const uint end = min(start + K_BLOCK, k);
    const uint inside = min(extent - first, (uint)WIDTH);
    __global float *to = panels + panels_offset + (ulong)first * k;
    source += source_offset;
    for (uint kk = start; kk < end; ++kk) {
#ifdef TRANSPOSED
        __global const float *from = source + (ulong)first * stride + kk;
        const ulong step = stride;
#else
        __global const float *from = source + (ulong)kk * stride + first;
        const ulong step = 1;
#endif
        if (inside == WIDTH) {
#pragma unroll
            for (uint i = 0; i < WIDTH; ++i) to[kk * WIDTH + i] = from[i * step];
        } else {
            for (uint i = 0; i < WIDTH; ++i) to[kk * WIDTH + i] = i < inside ? from[i * step] : 0.0f;
        }
    }
}
#endif

/* An item takes M_BLOCK rows and PANELS panels of columns. PACKED_A: A is in panels of MR rows, otherwise in rows. */
#ifdef MR
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
gemm_tiles(__global const float *a, ulong a_offset, __global const float *b, ulong b_offset, __global float *c,
           ulong c_offset, uint m, uint n, uint k, ulong a_stride, ulong c_stride, float alpha, float beta) {
    const uint m_start = (uint)GROUP_ID(0, 1) * M_BLOCK;
    const uint m_end = min(m_start + M_BLOCK, m);
    const uint n_start = (uint)GROUP_ID(1, 1) * (PANELS * NR);
    const uint n_end = min(n_start + PANELS * NR, n);
    a += a_offset;
    b += b_offset;
    c += c_offset;
    for (uint column = n_start; column < n_end; column += NR) {
        for (uint row = m_start; row < m_end; row += MR) {
            __global const float *pb = b + (ulong)column * k;
            FLOATS(VEC) sum[MR][2];
#pragma unroll
            for (uint r = 0; r < MR; ++r) sum[r][0] = sum[r][1] = 0.0f;
#ifdef PACKED_A
            __global const float *pa = a + (ulong)row * k;
#define A_ELEMENT(r) pa[r]
#else
            /* Rows beyond the last are computed from the last, and not stored. */
            __global const float *pa[MR];
#pragma unroll
            for (uint r = 0; r < MR; ++r) pa[r] = a + (ulong)min(row + r, m - 1) * a_stride;
#define A_ELEMENT(r) pa[r][kk]
#endif
            for (uint kk = 0; kk < k; ++kk) {
                const FLOATS(VEC) b0 = VLOAD(VEC)(0, pb), b1 = VLOAD(VEC)(1, pb);
#pragma unroll
                for (uint r = 0; r < MR; ++r) {
                    const FLOATS(VEC) ar = A_ELEMENT(r);
                    sum[r][0] = fma(ar, b0, sum[r][0]);
                    sum[r][1] = fma(ar, b1, sum[r][1]);
                }
                pb += NR;
#ifdef PACKED_A
                pa += MR;
#endif
            }
            const uint rows = min(m_end - row, (uint)MR);
            const uint columns = min(n_end - column, (uint)NR);
#pragma unroll
            for (uint r = 0; r < MR; ++r) {
                if (r >= rows) continue;
                __global float *to = c + (row + r) * c_stride + column;
                if (columns == NR) {
                    FLOATS(VEC) t0 = alpha * sum[r][0], t1 = alpha * sum[r][1];
                    if (beta != 0.0f) {
                        t0 = fma((FLOATS(VEC))(beta), VLOAD(VEC)(0, to), t0);
                        t1 = fma((FLOATS(VEC))(beta), VLOAD(VEC)(1, to), t1);
                    }
                    VSTORE(VEC)(t0, 0, to);
                    VSTORE(VEC)(t1, 1, to);
                } else {
                    float edge[NR];
                    VSTORE(VEC)(alpha * sum[r][0], 0, edge);
                    VSTORE(VEC)(alpha * sum[r][1], 1, edge);
                    for (uint i = 0; i < columns; ++i) to[i] = beta != 0.0f ? fma(beta, to[i], edge[i]) : edge[i];
                }
            }
        }
    }
}
#endif
