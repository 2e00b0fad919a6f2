/* Comparisons are such that NaN stays NaN: a diverged training must show. */
ELEMENTWISE void relu_fwd(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint count) {
    x += x_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            const FLOATS(VEC) v = CONST_AT(x, e);
            AT(y, e) = select(v, (FLOATS(VEC))(0.0f), v < 0.0f);
        } else {
            for (uint t = e; t < count; ++t) y[t] = x[t] < 0.0f ? 0.0f : x[t];
        }
    }
}

ELEMENTWISE void relu_bwd(__global const float *y, ulong y_offset, __global float *dy, ulong dy_offset, uint count) {
    y += y_offset;
    dy += dy_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            AT(dy, e) = select(AT(dy, e), (FLOATS(VEC))(0.0f), CONST_AT(y, e) <= 0.0f);
        } else {
            for (uint t = e; t < count; ++t) dy[t] = y[t] <= 0.0f ? 0.0f : dy[t];
        }
    }
}
