/* PReLU; VEC divides the number of slopes, unless there is but one. -DONE_SLOPE=0 or 1. Comparisons are such that NaN stays
 * NaN; outputs may be inputs. */
#if ONE_SLOPE
#define SLOPES(slope, e) (FLOATS(VEC))(slope[0])
#define SLOPE(slope, e) slope[0]
#else
#define SLOPES(slope, e) VLOAD(VEC)(0, slope + (e) % channels)
#define SLOPE(slope, e) slope[(e) % channels]
#endif

ELEMENTWISE void prelu_fwd(__global const float *x, ulong x_offset, __global const float *slope, ulong slope_offset,
                           __global float *y, ulong y_offset, uint count, uint channels) {
    x += x_offset;
    slope += slope_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            const FLOATS(VEC) v = CONST_AT(x, e);
            AT(y, e) = v < 0.0f ? SLOPES(slope, e) * v : v;
        } else {
            for (uint t = e; t < count; ++t) y[t] = x[t] < 0.0f ? SLOPE(slope, t) * x[t] : x[t];
        }
    }
}

/* dx, and what each element adds to the gradient of its slope. */
ELEMENTWISE void prelu_bwd(__global const float *x, ulong x_offset, __global const float *dy, ulong dy_offset,
                           __global const float *slope, ulong slope_offset, __global float *dx, ulong dx_offset,
                           __global float *terms, ulong terms_offset, uint count, uint channels) {
    x += x_offset;
    dy += dy_offset;
    slope += slope_offset;
    dx += dx_offset;
    terms += terms_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            const FLOATS(VEC) v = CONST_AT(x, e), d = CONST_AT(dy, e);
            AT(terms, e) = v >= 0.0f ? (FLOATS(VEC))(0.0f) : v * d;
            AT(dx, e) = v <= 0.0f ? SLOPES(slope, e) * d : d;
        } else {
            for (uint t = e; t < count; ++t) {
                const float v = x[t], d = dy[t];
                terms[t] = v >= 0.0f ? 0.0f : v * d;
                dx[t] = v <= 0.0f ? SLOPE(slope, t) * d : d;
            }
        }
    }
}
