/* Pooling (pools.def), from x, which is wide, to y. -DPOOL_NUMBER -DVEC. */
#include "conv_geometry.cl"
#include "formula.cl"
#include "image_rows.cl"

static T joined_of(T m, T v) {
    int number = 0;
#define POOL(stem, start, joined, scale, picks)                                                                        \
    if (number++ == POOL_NUMBER) return joined;
#include "pools.def"
#undef POOL
    return m;
}

/* The taps of output i along an axis: the inputs .x .. .y - 1. */
static int2 window(int i, int wide, int kernel_size, int stride, int pad) {
    const int start = i * stride - pad;
    return (int2)(max(start, 0), min(start + kernel_size, wide));
}

/* The outputs .x .. .y - 1 in whose windows input j is. */
static int2 windows_of(int j, int narrow, int kernel_size, int stride, int pad) {
    const int before = j + pad - kernel_size + 1;
    return (int2)(before > 0 ? (before + stride - 1) / stride : 0, min((j + pad) / stride + 1, narrow));
}

__kernel void pool2d_fwd(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, conv_geometry g,
                         uint rows, uint rows_per_item, float start, float scale) {
    const uint row_floats = g.narrow_w * g.narrow_c;
    FOR_ROWS(r) {
        const int2 ys = window(r % g.narrow_h, g.wide_h, g.kernel_h, g.stride_h, g.pad_h);
        __global const float *image = x + x_offset + (ulong)(r / g.narrow_h) * (g.wide_h * g.wide_w * g.wide_c);
        __global float *to = y + y_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const int i = e / g.narrow_c, c = e - i * g.narrow_c;
            const int2 xs = window(i, g.wide_w, g.kernel_w, g.stride_w, g.pad_w);
            T m = start;
            for (int iy = ys.x; iy < ys.y; ++iy)
                for (int ix = xs.x; ix < xs.y; ++ix)
                    m = joined_of(m, CONST_AT(image, (iy * g.wide_w + ix) * g.wide_c + c));
            AT(to, e) = m * scale;
        }
    }
}

__kernel void pool2d_bwd(__global const float *dy, ulong dy_offset, __global float *dx, ulong dx_offset, conv_geometry g,
                         uint rows, uint rows_per_item, float scale) {
    const uint row_floats = g.wide_w * g.wide_c;
    FOR_ROWS(r) {
        const int2 ys = windows_of(r % g.wide_h, g.narrow_h, g.kernel_h, g.stride_h, g.pad_h);
        __global const float *from = dy + dy_offset + (ulong)(r / g.wide_h) * (g.narrow_h * g.narrow_w * g.narrow_c);
        __global float *to = dx + dx_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const int ix = e / g.wide_c, c = e - ix * g.wide_c;
            const int2 xs = windows_of(ix, g.narrow_w, g.kernel_w, g.stride_w, g.pad_w);
            T sum = 0.0f;
            for (int oy = ys.x; oy < ys.y; ++oy)
                for (int ox = xs.x; ox < xs.y; ++ox) sum += CONST_AT(from, (oy * g.narrow_w + ox) * g.narrow_c + c);
            AT(to, e) = sum * scale;
        }
    }
}

/* Where the largest pixel of a window is, counted in pixels of the image: the first of equal ones, or the last NaN. */
static INTS(VEC) largest_of(__global const float *x, conv_geometry g, int2 ys, int2 xs) {
    T largest = -INFINITY;
    INTS(VEC) place = ys.x * g.wide_w + xs.x;
    for (int iy = ys.x; iy < ys.y; ++iy)
        for (int ix = xs.x; ix < xs.y; ++ix) {
            const int at = iy * g.wide_w + ix;
            const T v = CONST_AT(x, at * g.wide_c);
            const INTS(VEC) is_larger = (v > largest) | (v != v);
            largest = is_larger ? v : largest;
            place = is_larger ? (INTS(VEC))(at) : place;
        }
    return place;
}

/* dx is cut into cells of a stride; cell i begins where window i does. */
static int cells_of(int wide, int stride, int pad) { return (wide + pad + stride - 1) / stride; }

/* The windows .x .. .y - 1 that reach into cell i. */
static int2 windows_of_cell(int i, int narrow, int kernel_size, int stride) {
    return (int2)(max(i - (kernel_size - 1) / stride, 0), min(i + 1, narrow));
}

/* Items make cells, so that each window is looked through as few times as cells that it reaches into. */
__kernel void pool2d_bwd_pick(__global const float *x, ulong x_offset, __global const float *dy, ulong dy_offset,
                              __global float *dx, ulong dx_offset, conv_geometry g, uint rows, uint rows_per_item) {
    const int cells_h = cells_of(g.wide_h, g.stride_h, g.pad_h), cells_w = cells_of(g.wide_w, g.stride_w, g.pad_w);
    FOR_ROWS(r) {
        const int n = r / cells_h, i = r % cells_h;
        const int2 ys = window(i, g.wide_h, g.stride_h, g.stride_h, g.pad_h);
        const int2 oys = windows_of_cell(i, g.narrow_h, g.kernel_h, g.stride_h);
        const ulong wide = (ulong)n * (g.wide_h * g.wide_w * g.wide_c);
        FOR_ELEMENTS(e, (uint)(cells_w * g.wide_c)) {
            const int j = e / g.wide_c, c = e - j * g.wide_c;
            const int2 xs = window(j, g.wide_w, g.stride_w, g.stride_w, g.pad_w);
            const int2 oxs = windows_of_cell(j, g.narrow_w, g.kernel_w, g.stride_w);
            __global const float *image = x + x_offset + wide + c;
            __global const float *from = dy + dy_offset + (ulong)n * (g.narrow_h * g.narrow_w * g.narrow_c) + c;
            __global float *to = dx + dx_offset + wide + c;
            for (int iy = ys.x; iy < ys.y; ++iy)
                for (int ix = xs.x; ix < xs.y; ++ix) AT(to, (iy * g.wide_w + ix) * g.wide_c) = 0.0f;
            for (int oy = oys.x; oy < oys.y; ++oy)
                for (int ox = oxs.x; ox < oxs.y; ++ox) {
                    const int2 in_y = window(oy, g.wide_h, g.kernel_h, g.stride_h, g.pad_h);
                    const int2 in_x = window(ox, g.wide_w, g.kernel_w, g.stride_w, g.pad_w);
                    const INTS(VEC) place = largest_of(image, g, in_y, in_x);
                    const T v = CONST_AT(from, (oy * g.narrow_w + ox) * g.narrow_c);
                    for (int iy = max(ys.x, in_y.x); iy < min(ys.y, in_y.y); ++iy)
                        for (int ix = max(xs.x, in_x.x); ix < min(xs.y, in_x.y); ++ix) {
                            const int at = iy * g.wide_w + ix;
                            AT(to, at * g.wide_c) += place == (INTS(VEC))(at) ? v : (T)(0.0f);
                        }
                }
        }
    }
}
