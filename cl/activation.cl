/* An activation (activations.def) and its derivative, for every element; outputs may be inputs. -DACTIVATION_NUMBER, from 1. */
#include "formula.cl"

#define T FLOATS(VEC)
inline T activation_forward(T x, float a) {
    int number = 1;
#define ACTIVATION(stem, title, parameter, from, forward, backward) if (number++ == ACTIVATION_NUMBER) return forward;
#include "activations.def"
#undef ACTIVATION
    return x;
}

inline T activation_backward(T x, T dy, float a) {
    const T y = x;
    int number = 1;
#define ACTIVATION(stem, title, parameter, from, forward, backward) if (number++ == ACTIVATION_NUMBER) return backward;
#include "activations.def"
#undef ACTIVATION
    return dy;
}

ELEMENTWISE void activation_fwd(__global const float *x, ulong x_offset, __global float *y, ulong y_offset, uint count,
                                float a) {
    x += x_offset;
    y += y_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            AT(y, e) = activation_forward(CONST_AT(x, e), a);
        } else {
            for (uint t = e; t < count; ++t) y[t] = LANE(activation_forward((T)(x[t]), a));
        }
    }
}

/* `from` is x or y. */
ELEMENTWISE void activation_bwd(__global const float *from, ulong from_offset, __global const float *dy, ulong dy_offset,
                                __global float *dx, ulong dx_offset, uint count, float a) {
    from += from_offset;
    dy += dy_offset;
    dx += dx_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) {
            AT(dx, e) = activation_backward(CONST_AT(from, e), CONST_AT(dy, e), a);
        } else {
            for (uint t = e; t < count; ++t) dx[t] = LANE(activation_backward((T)(from[t]), (T)(dy[t]), a));
        }
    }
}
