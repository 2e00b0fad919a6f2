/* Convolutions as matrix products: images as columns and back. col[n][i][k][c] = wide[n][i * stride + k - pad][c], or 0
 * outside. An item takes VEC channels; VEC divides WIDE_C. */
#define TAPS (KH * KW)
#define VECTORS (WIDE_C / VEC)

#ifdef WIDE_C
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
im2col(__global const float *wide, ulong wide_offset, __global float *col, ulong col_offset, uint count) {
    const uint e = get_global_id(0);
    if (e >= count) return;
    const uint tap = e / VECTORS % TAPS;
    const uint position = e / (VECTORS * TAPS);
    const uint n = position / (NARROW_H * NARROW_W);
    const int y = (int)(position / NARROW_W % NARROW_H) * SH + (int)(tap / KW) - PH;
    const int x = (int)(position % NARROW_W) * SW + (int)(tap % KW) - PW;
    FLOATS(VEC) value = 0.0f;
    if (y >= 0 && y < WIDE_H && x >= 0 && x < WIDE_W)
        value = VLOAD(VEC)(e % VECTORS, wide + wide_offset + (((ulong)n * WIDE_H + y) * WIDE_W + x) * WIDE_C);
    VSTORE(VEC)(value, 0, col + col_offset + (ulong)e * VEC);
}

/* wide[n][j][c] = the sum of col[n][i][k][c] over all (i, k) that meet j. */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
col2im(__global const float *col, ulong col_offset, __global float *wide, ulong wide_offset, uint count) {
    const uint e = get_global_id(0);
    if (e >= count) return;
    const uint pixel = e / VECTORS;
    const uint n = pixel / (WIDE_H * WIDE_W);
    const int y = (int)(pixel / WIDE_W % WIDE_H) + PH, x = (int)(pixel % WIDE_W) + PW;
    FLOATS(VEC) sum = 0.0f;
    for (int ky = 0; ky < KH && ky <= y; ++ky) {
        const int iy = (y - ky) / SH;
        if ((y - ky) % SH != 0 || iy >= NARROW_H) continue;
        for (int kx = 0; kx < KW && kx <= x; ++kx) {
            const int ix = (x - kx) / SW;
            if ((x - kx) % SW != 0 || ix >= NARROW_W) continue;
            const ulong place = (((ulong)n * NARROW_H + iy) * NARROW_W + ix) * TAPS + ky * KW + kx;
            sum += VLOAD(VEC)(e % VECTORS, col + col_offset + place * WIDE_C);
        }
    }
    VSTORE(VEC)(sum, 0, wide + wide_offset + (ulong)e * VEC);
}
#endif

/* to[tap][b][a] = from[tap][a][b]. */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
swap_channels(__global const float *from, ulong from_offset, __global float *to, ulong to_offset, uint taps,
              uint a_count, uint b_count) {
    const uint e = get_global_id(0);
    if (e >= taps * a_count * b_count) return;
    const uint a = e % a_count, b = e / a_count % b_count, tap = e / (a_count * b_count);
    to[to_offset + e] = from[from_offset + (tap * a_count + a) * b_count + b];
}
