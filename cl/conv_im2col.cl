/* Convolutions as matrix products: images as columns and back. col[n][i][k][c] = wide[n][i * stride + k - pad][c], or 0
 * outside. An item takes VEC channels; VEC divides WIDE_C. */
#define TAPS (KH * KW)
#define VECTORS (WIDE_C / VEC)

#ifdef WIDE_C
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
im2col(__global const float *wide, ulong wide_offset, __global float *col, ulong col_offset, uint count) {
    const uint e = get_global_id(0);
    if (e >= count) return;
    const uint place = e / VECTORS, channels = e - place * VECTORS;
    const uint position = place / TAPS, tap = place - position * TAPS;
    const uint row = position / NARROW_W, n = row / NARROW_H;
    const uint iy = row - n * NARROW_H, ix = position - row * NARROW_W;
    const int ky = tap / KW, kx = tap - ky * KW;
    const int y = (int)iy * SH + ky - PH, x = (int)ix * SW + kx - PW;
    FLOATS(VEC) value = 0.0f;
    if (y >= 0 && y < WIDE_H && x >= 0 && x < WIDE_W)
        value = VLOAD(VEC)(channels, wide + wide_offset + (((ulong)n * WIDE_H + y) * WIDE_W + x) * WIDE_C);
    VSTORE(VEC)(value, 0, col + col_offset + (ulong)e * VEC);
}

/* wide[n][j][c] = the sum of col[n][i][k][c] over all (i, k) that meet j. */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
col2im(__global const float *col, ulong col_offset, __global float *wide, ulong wide_offset, uint count) {
    const uint e = get_global_id(0);
    if (e >= count) return;
    const uint pixel = e / VECTORS, channels = e - pixel * VECTORS;
    const uint row = pixel / WIDE_W, n = row / WIDE_H;
    const int y = (int)(row - n * WIDE_H) + PH, x = (int)(pixel - row * WIDE_W) + PW;
    FLOATS(VEC) sum = 0.0f;
    for (int ky = 0; ky < KH && ky <= y; ++ky) {
        const int iy = (y - ky) / SH;
        if (iy * SH != y - ky || iy >= NARROW_H) continue;
        for (int kx = 0; kx < KW && kx <= x; ++kx) {
            const int ix = (x - kx) / SW;
            if (ix * SW != x - kx || ix >= NARROW_W) continue;
            const ulong place = (((ulong)n * NARROW_H + iy) * NARROW_W + ix) * TAPS + ky * KW + kx;
            sum += VLOAD(VEC)(channels, col + col_offset + place * WIDE_C);
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
    const uint row = e / a_count, tap = row / b_count;
    const uint a = e - row * a_count, b = row - tap * b_count;
    to[to_offset + e] = from[from_offset + (tap * a_count + a) * b_count + b];
}
