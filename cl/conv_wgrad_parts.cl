/* Wgrad (src/ops/conv.h) by partial sums of chunks of the batch, as conv_wgrad_tiled.cl, conv_wgrad_mma.cl and
 * conv_wgrad_taps.cl make them: partial[chunk][kh][kw][wide][narrow] and then dbias; what they share.
 *
 * Macros: WIDE_H WIDE_W WIDE_C, NARROW_H NARROW_W NARROW_C, KERNEL_H KERNEL_W; LOCAL (items), REDUCE_LANES (a power of
 * 2), and REDUCE_ITEMS where these are not as many as LOCAL. Arguments: transposed (dy is wide, dweight is
 * [kh][kw][narrow][wide]) and dy_c, the elements of dbias, 0 for none. */

#define UP(a, b) (((a) + (b)-1) / (b))

#define ALL_ROWS (KERNEL_H * KERNEL_W * WIDE_C)
#define WEIGHTS (ALL_ROWS * NARROW_C)
#define PIXELS (NARROW_H * NARROW_W)
#define DY_PIXELS(transposed) (transposed ? WIDE_H * WIDE_W : PIXELS)

/* Whole cache lines, and blocks for many work-groups. */
#define MOST_BIAS_LANES min(LOCAL, 32)
#include "conv_wgrad_bias.cl"

#ifndef REDUCE_ITEMS
#define REDUCE_ITEMS LOCAL
#endif

/* The sum of every REDUCE_LANES-th chunk from `chunk` on, several at a time. */
static float sum_of_lane(global const float *partial, int chunk, int chunks, size_t slice) {
    float sums[4] = {0, 0, 0, 0};
    partial += chunk * slice;
    for (; chunk + 3 * REDUCE_LANES < chunks; chunk += 4 * REDUCE_LANES, partial += 4 * REDUCE_LANES * slice) {
        #pragma unroll
        for (int i = 0; i < 4; i++) sums[i] += partial[i * REDUCE_LANES * slice];
    }
    #pragma unroll
    for (int i = 0; i < 3; i++) sums[i] += chunk + i * REDUCE_LANES < chunks ? partial[i * REDUCE_LANES * slice] : 0;
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/* REDUCE_LANES items for each weight and bias, whose sums of every REDUCE_LANES-th chunk are added up in pairs. */
kernel __attribute__((reqd_work_group_size(REDUCE_ITEMS, 1, 1)))
void conv_wgrad_reduce(global const float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, int chunks, int transposed, int dy_c) {
    local float sums[REDUCE_ITEMS];
    const int results = REDUCE_ITEMS / REDUCE_LANES, item = get_local_id(0);
    const uint slice = WEIGHTS + dy_c, index = GROUP_ID(0, REDUCE_ITEMS) * results + item % results;
    sums[item] = index < slice ? sum_of_lane(partial + partial_offset + index, item / results, chunks, slice) : 0;
    for (int half_lanes = REDUCE_LANES / 2; half_lanes > 0; half_lanes /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_lanes * results) sums[item] += sums[item + half_lanes * results];
    }
    if (item >= results || index >= slice) return;
    const float sum = sums[item];
    if (index >= WEIGHTS) {
        dbias[dbias_offset + index - WEIGHTS] = sum;
        return;
    }
    const uint o = index % NARROW_C, row = index / NARROW_C, tap = row / WIDE_C, c = row % WIDE_C;
    dweight[dweight_offset + (transposed ? (tap * NARROW_C + o) * WIDE_C + c : index)] = sum;
}
