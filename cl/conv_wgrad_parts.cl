/* Wgrad (src/ops/conv.h) by partial sums of chunks of the batch, as conv_wgrad_tiled.cl, conv_wgrad_mma.cl and
 * conv_wgrad_taps.cl make them: partial[chunk][kh][kw][wide][narrow] and then dbias; what they share.
 *
 * Macros: WIDE_H WIDE_W WIDE_C, NARROW_H NARROW_W NARROW_C, KERNEL_H KERNEL_W; LOCAL (items), REDUCE_LANES (a power of
 * 2). Arguments: transposed (dy is wide, dweight is [kh][kw][narrow][wide]) and dy_c, the elements of dbias, 0 for none. */

#define ALL_ROWS (KERNEL_H * KERNEL_W * WIDE_C)
#define WEIGHTS (ALL_ROWS * NARROW_C)
#define PIXELS (NARROW_H * NARROW_W)
#define DY_PIXELS(transposed) (transposed ? WIDE_H * WIDE_W : PIXELS)

#include "conv_wgrad_bias.cl"

/* By a whole work-group; `sums` has LOCAL floats. */
static void partial_bias(local float *sums, global const float *dy, int dy_c, size_t first, size_t end,
                         global float *dbias) {
    for (int c0 = 0; c0 < dy_c; c0 += BIAS_LANES(dy_c)) {
        float sum = bias_of_item(dy, dy_c, c0, first, end);
        barrier(CLK_LOCAL_MEM_FENCE);
        sums[get_local_id(0)] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
        put_bias(sums, dy_c, c0, dbias);
    }
}

/* REDUCE_LANES items for each weight and bias, whose sums of every REDUCE_LANES-th chunk are added up in pairs. */
kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))
void conv_wgrad_reduce(global const float *partial, ulong partial_offset, global float *dweight, ulong dweight_offset,
                        global float *dbias, ulong dbias_offset, int chunks, int transposed, int dy_c) {
    local float sums[LOCAL];
    const int results = LOCAL / REDUCE_LANES, item = get_local_id(0);
    const size_t slice = WEIGHTS + dy_c, index = GROUP_ID(0, LOCAL) * results + item % results;
    partial += partial_offset + index;
    float sum = 0;
    for (int chunk = item / results; chunk < chunks && index < slice; chunk += REDUCE_LANES) sum += partial[chunk * slice];
    sums[item] = sum;
    for (int half_lanes = REDUCE_LANES / 2; half_lanes > 0; half_lanes /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_lanes * results) sums[item] += sums[item + half_lanes * results];
    }
    if (item >= results || index >= slice) return;
    sum = sums[item];
    if (index >= WEIGHTS) {
        dbias[dbias_offset + index - WEIGHTS] = sum;
        return;
    }
    size_t o = index % NARROW_C, row = index / NARROW_C, tap = row / WIDE_C, c = row % WIDE_C;
    dweight[dweight_offset + (transposed ? (tap * NARROW_C + o) * WIDE_C + c : index)] = sum;
}
