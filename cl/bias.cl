/* y[r][c] += bias[c]; VEC divides the number of channels. */
ELEMENTWISE void bias(__global const float *b, ulong b_offset, __global float *y, ulong y_offset, uint count,
                      uint channels) {
    b += b_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT)
        if (e < count) AT(y, e) += VLOAD(VEC)(0, b + e % channels);
}
