/* A pixel of channels * factor * factor numbers and the factor x factor pixels that are made of it. -DVEC=1. */
#include "image_rows.cl"

/* Rows of y. */
__kernel void pixel_shuffle_fwd(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint w,
                                uint channels, uint factor, uint rows, uint rows_per_item) {
    const uint row_floats = w * factor * channels, area = factor * factor;
    FOR_ROWS(r) {
        const uint row = r / factor, dy = r % factor;
        __global const float *from = x + x_offset + (ulong)row * (row_floats * factor) + dy * factor;
        __global float *to = y + y_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const uint j = e / channels, c = e - j * channels, i = j / factor;
            to[e] = from[(i * channels + c) * area + j - i * factor];
        }
    }
}

/* Rows of dx. */
__kernel void pixel_shuffle_bwd(__global const float *dy, ulong dy_offset, __global float *dx, ulong dx_offset, uint w,
                                uint channels, uint factor, uint rows, uint rows_per_item) {
    const uint area = factor * factor, row_floats = w * channels * area, large_row = w * channels * factor;
    FOR_ROWS(r) {
        __global const float *from = dy + dy_offset + (ulong)r * row_floats;
        __global float *to = dx + dx_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const uint group = e / area, place = e - group * area;
            const uint i = group / channels, c = group - i * channels, y = place / factor, x = place - y * factor;
            to[e] = from[y * large_row + (i * factor + x) * channels + c];
        }
    }
}
