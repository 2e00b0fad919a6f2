/* y = a + b, which may be one of them; -DRELU: then max(y, 0). */
#ifdef RELU
#define THEN(T, v) ((v) < (T)(0) ? (T)(0) : (v))
#else
#define THEN(T, v) (v)
#endif

ELEMENTWISE void add(__global const float *a, ulong a_offset, __global const float *b, ulong b_offset,
                     __global float *y, ulong y_offset, uint count) {
    a += a_offset;
    b += b_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) AT(y, e) = THEN(FLOATS(VEC), CONST_AT(a, e) + CONST_AT(b, e));
        else
            for (uint t = e; t < count; ++t) y[t] = THEN(float, a[t] + b[t]);
    }
}
