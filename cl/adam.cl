/* Kingma and Ba, "Adam: a method for stochastic optimization", 2015: the elements at `P(array)`, of type T. */
#define STEP(T, P)                                                                            \
    {                                                                                         \
        const T gradient = P(g);                                                              \
        const T mean = fma((T)(beta1), P(m), rest1 * gradient);                      \
        const T square = fma((T)(beta2), P(v), rest2 * gradient * gradient);         \
        P(m) = mean;                                                                          \
        P(v) = square;                                                                        \
        P(p) = P(p) - step_size * mean / (sqrt(square) / sqrt_correction2 + epsilon);         \
    }
#define WHOLE(array) AT(array, e)
#define SINGLE(array) (array)[t]

ELEMENTWISE void adam(__global float *p, ulong p_offset, __global float *g, ulong g_offset, __global float *m,
                      ulong m_offset, __global float *v, ulong v_offset, uint count, float beta1, float rest1,
                      float beta2, float rest2, float epsilon, float step_size, float sqrt_correction2) {
    p += p_offset;
    g += g_offset;
    m += m_offset;
    v += v_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) STEP(FLOATS(VEC), WHOLE)
        else
            for (uint t = e; t < count; ++t) STEP(float, SINGLE)
    }
}
