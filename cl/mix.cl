/* y = keep y + more x. */
ELEMENTWISE void mix_in(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint count,
                        float keep, float more) {
    x += x_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) AT(y, e) = keep * AT(y, e) + more * CONST_AT(x, e);
        else
            for (uint t = e; t < count; ++t) y[t] = keep * y[t] + more * x[t];
    }
}
