/* Upsampling (upsample_axis.def). -DVEC. */
#include "image_rows.cl"
#include "upsample_axis.def"

__kernel void upsample2d_fwd(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, int bilinear,
                             int in_h, int in_w, int out_h, int out_w, int channels, uint rows, uint rows_per_item) {
    const uint row_floats = out_w * channels;
    FOR_ROWS(r) {
        const int n = r / out_h, i = r % out_h;
        const int first_y = upsample_first(bilinear, i, in_h, out_h), last_y = upsample_last(bilinear, i, in_h, out_h);
        __global const float *image = x + x_offset + (ulong)n * (in_h * in_w * channels);
        __global float *to = y + y_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const int j = e / channels, c = e - j * channels;
            const int first_x = upsample_first(bilinear, j, in_w, out_w);
            T sum = 0.0f;
            if (bilinear) {
                const int last_x = upsample_last(bilinear, j, in_w, out_w);
                for (int iy = first_y; iy <= last_y; ++iy) {
                    const float weight = upsample_weight(bilinear, i, iy, in_h, out_h);
                    for (int ix = first_x; ix <= last_x; ++ix)
                        sum += weight * upsample_weight(bilinear, j, ix, in_w, out_w) *
                               CONST_AT(image, (iy * in_w + ix) * channels + c);
                }
            } else {
                sum = CONST_AT(image, (first_y * in_w + first_x) * channels + c);
            }
            AT(to, e) = sum;
        }
    }
}

__kernel void upsample2d_bwd(__global const float *dy, ulong dy_offset, __global float *dx, ulong dx_offset, int bilinear,
                             int in_h, int in_w, int out_h, int out_w, int channels, uint rows, uint rows_per_item) {
    const uint row_floats = in_w * channels;
    FOR_ROWS(r) {
        const int n = r / in_h, i = r % in_h;
        const int first_y = upsample_first_of(bilinear, i, in_h, out_h), end_y = upsample_end_of(bilinear, i, in_h, out_h);
        __global const float *image = dy + dy_offset + (ulong)n * (out_h * out_w * channels);
        __global float *to = dx + dx_offset + (ulong)r * row_floats;
        FOR_ELEMENTS(e, row_floats) {
            const int j = e / channels, c = e - j * channels;
            const int first_x = upsample_first_of(bilinear, j, in_w, out_w);
            const int end_x = upsample_end_of(bilinear, j, in_w, out_w);
            T sum = 0.0f;
            for (int oy = first_y; oy < end_y; ++oy) {
                T row = 0.0f;
                for (int ox = first_x; ox < end_x; ++ox) {
                    const T v = CONST_AT(image, (oy * out_w + ox) * channels + c);
                    row += bilinear ? v * upsample_weight(bilinear, ox, j, in_w, out_w) : v;
                }
                sum += bilinear ? row * upsample_weight(bilinear, oy, i, in_h, out_h) : row;
            }
            AT(to, e) = sum;
        }
    }
}
