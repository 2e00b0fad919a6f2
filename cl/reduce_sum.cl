/* y[chunk][c] = sum of x[r][c] over the chunk's rows, in an order that depends on sizes alone. Run a second time on the
 * chunks' sums, it gives the whole. */

#ifdef VEC
/* One item takes VEC columns of a chunk; the last one is moved left so that its vectors stay inside the row. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
reduce_sum_vector(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint rows, uint columns,
                  uint chunk) {
    const uint own = (uint)GROUP_ID(1, 1) * VEC;
    const uint column = min(own, columns - VEC);
    const uint start = (uint)GROUP_ID(0, 1) * chunk;
    const uint end = min(start + chunk, rows);
    __global const float *p = x + x_offset + (ulong)start * columns + column;
    FLOATS(VEC) sum0 = 0.0f, sum1 = 0.0f, sum2 = 0.0f, sum3 = 0.0f;
    uint r = start;
    for (; r + 4 <= end; r += 4, p += 4 * (ulong)columns) {
        sum0 += VLOAD(VEC)(0, p);
        sum1 += VLOAD(VEC)(0, p + columns);
        sum2 += VLOAD(VEC)(0, p + 2 * (ulong)columns);
        sum3 += VLOAD(VEC)(0, p + 3 * (ulong)columns);
    }
    for (; r < end; ++r, p += columns) sum0 += VLOAD(VEC)(0, p);
    float sums[VEC];
    VSTORE(VEC)((sum0 + sum1) + (sum2 + sum3), 0, sums);
    for (uint c = own; c < min(own + VEC, columns); ++c)
        y[y_offset + (ulong)GROUP_ID(0, 1) * columns + c] = sums[c - column];
}

/* Where the number of columns divides 16: whole vectors hold 16 / columns rows. */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
reduce_sum_folded(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint rows, uint columns,
                  uint chunk) {
    const uint start = (uint)GROUP_ID(0, 1) * chunk;
    const uint end = min(start + chunk, rows);
    const ulong elements = (ulong)(end - start) * columns;
    __global const float *p = x + x_offset + (ulong)start * columns;
    float16 sum0 = 0.0f, sum1 = 0.0f;
    ulong e = 0;
    for (; e + 32 <= elements; e += 32) {
        sum0 += vload16(0, p + e);
        sum1 += vload16(0, p + e + 16);
    }
    float sums[16];
    vstore16(sum0 + sum1, 0, sums);
    for (; e < elements; ++e) sums[e % 16] += p[e];
    for (uint c = 0; c < columns; ++c) {
        float sum = 0.0f;
        for (uint lane = c; lane < 16; lane += columns) sum += sums[lane];
        y[y_offset + (ulong)GROUP_ID(0, 1) * columns + c] = sum;
    }
}
#endif

#ifdef LOCAL
/* A work-group takes `width` columns, a power of two, with LOCAL / width items on each. */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
reduce_sum_group(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint rows, uint columns,
                 uint chunk, uint width) {
    __local float shared[LOCAL];
    const uint item = get_local_id(0);
    const uint c = (uint)GROUP_ID(1, 1) * width + (item & (width - 1));
    const uint start = (uint)GROUP_ID(0, LOCAL) * chunk;
    const uint end = min(start + chunk, rows);
    float sum = 0.0f;
    if (c < columns)
        for (uint r = start + item / width; r < end; r += LOCAL / width) sum += x[x_offset + (ulong)r * columns + c];
    shared[item] = sum;
    for (uint half_items = LOCAL / 2; half_items >= width; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) shared[item] += shared[item + half_items];
    }
    if (item < width && c < columns) y[y_offset + (ulong)GROUP_ID(0, LOCAL) * columns + c] = shared[item];
}
#endif
