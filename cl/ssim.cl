/* Structural similarity (src/ops/op.h), an item a window or a pixel; sums in an order that depends on sizes alone. -DLOCAL
 * -DROWS -DCOLUMNS -DROW_WEIGHTS -DCOLUMN_WEIGHTS; -DTRAINING. */
#include "group_sum.cl"

#define KERNEL __kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1)))

/* Of a row of windows: 1 - S, and what the gradient needs, each in a plane of the workspace. */
KERNEL void ssim_windows(__global const float *y, ulong y_offset, __global const float *t, ulong t_offset,
                         __global float *maps, ulong maps_offset, ulong plane, uint h, uint row_floats, uint places_h,
                         uint count, uint channels, float factor) {
    const float row_weight[] = {ROW_WEIGHTS}, column_weight[] = {COLUMN_WEIGHTS};
    const uint e = get_global_id(0), row = get_global_id(1);
    if (e >= count) return;
    const ulong first = (ulong)(row / places_h * h + row % places_h) * row_floats + e;
    y += y_offset + first;
    t += t_offset + first;
    float my = 0.0f, mt = 0.0f, vy = 0.0f, vt = 0.0f, d = 0.0f;
    for (uint i = 0; i < ROWS; ++i)
        for (uint j = 0; j < COLUMNS; ++j) {
            const float weight = row_weight[i] * column_weight[j];
            my = fma(weight, y[i * row_floats + j * channels], my);
            mt = fma(weight, t[i * row_floats + j * channels], mt);
        }
    for (uint i = 0; i < ROWS; ++i)
        for (uint j = 0; j < COLUMNS; ++j) {
            const float weight = row_weight[i] * column_weight[j];
            const float a = y[i * row_floats + j * channels] - my, b = t[i * row_floats + j * channels] - mt;
            vy = fma(weight, a * a, vy);
            vt = fma(weight, b * b, vt);
            d = fma(weight, (a - b) * (a - b), d);
        }
    const float apart = my - mt, means = my * my + mt * mt + 1e-4f, rest = vy + vt + 9e-4f;
    const float p = apart * apart / means, q = d / rest;
    maps += maps_offset + (ulong)row * count + e;
    maps[0] = p + q - p * q;
#ifdef TRAINING
    maps[plane] = my;
    maps[2 * plane] = mt;
    maps[3 * plane] = factor * 2.0f * (1.0f - q) * (apart - p * my) / means;
    maps[4 * plane] = factor * 2.0f * (1.0f - p) / rest;
    maps[5 * plane] = -factor * 2.0f * (1.0f - p) * q / rest;
#endif
}

/* The mean over the windows of an image, by a work-group. */
KERNEL void ssim_images(__global const float *maps, ulong maps_offset, __global float *images, ulong images_offset,
                        uint windows) {
    __local float shared[LOCAL];
    const ulong image = GROUP_ID(0, LOCAL);
    maps += maps_offset + image * windows;
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < windows; i += LOCAL) sum += maps[i];
    const float total = group_sum(sum, shared);
    if (get_local_id(0) == 0) images[images_offset + image] = total / windows;
}

KERNEL void ssim_total(__global const float *images, ulong images_offset, __global float *losses, ulong losses_offset,
                       uint count, float scale) {
    __local float shared[LOCAL];
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < count; i += LOCAL) sum += images[images_offset + i];
    const float total = group_sum(sum, shared);
    if (get_local_id(0) == 0) losses[losses_offset] = scale * total;
}

/* A pixel's channel, of a row of an image, from all windows that it is in. */
KERNEL void ssim_gradient(__global const float *y, ulong y_offset, __global const float *t, ulong t_offset,
                          __global const float *maps, ulong maps_offset, __global float *dy, ulong dy_offset,
                          ulong plane, uint h, uint row_floats, uint places_h, uint count, uint channels) {
    const float row_weight[] = {ROW_WEIGHTS}, column_weight[] = {COLUMN_WEIGHTS};
    const uint e = get_global_id(0), row = get_global_id(1) % h, image = get_global_id(1) / h;
    if (e >= row_floats) return;
    const ulong at = (ulong)get_global_id(1) * row_floats + e;
    const float own = y[y_offset + at], target = t[t_offset + at];
    float sum = 0.0f;
    for (uint i = 0; i < ROWS; ++i) {
        if (row < i || row - i >= places_h) continue;
        __global const float *line = maps + maps_offset + (ulong)(image * places_h + row - i) * count;
        for (uint j = 0; j < COLUMNS; ++j) {
            if (e < j * channels || e - j * channels >= count) continue;
            __global const float *map = line + (e - j * channels);
            const float a = own - map[plane], b = target - map[2 * plane];
            const float part = map[3 * plane] + map[4 * plane] * (a - b) + map[5 * plane] * a;
            sum = fma(row_weight[i] * column_weight[j], part, sum);
        }
    }
    dy[dy_offset + at] = sum;
}
