/* A loss (losses.def), summed in an order that depends on sizes alone: each work-group sums a chunk, and a last one the
 * chunks' sums. -DVEC -DLOCAL -DLOSS_NUMBER; -DGRADIENT. */
#include "formula.cl"
#include "group_sum.cl"

#define T FLOATS(VEC)
inline T loss_add(T y, T t, T sum) {
    const T d = y - t;
    int number = 0;
#define LOSS(stem, sum_with_term, factor, gradient) if (number++ == LOSS_NUMBER) return sum_with_term;
#include "losses.def"
#undef LOSS
    return sum;
}

inline T loss_gradient(T y, T t) {
    const T d = y - t;
    int number = 0;
#define LOSS(stem, sum_with_term, factor, gradient) if (number++ == LOSS_NUMBER) return gradient;
#include "losses.def"
#undef LOSS
    return d;
}

__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
loss_chunk(__global const float *y, ulong y_offset, __global const float *target, ulong target_offset,
           __global float *dy, ulong dy_offset, __global float *sums, ulong sums_offset, uint count, uint chunk,
           float scale) {
    __local float shared[LOCAL];
    y += y_offset;
    target += target_offset;
    dy += dy_offset;
    const uint start = GROUP_ID(0, LOCAL) * chunk;
    const uint end = min(start + chunk, count);
    T sum = 0.0f;
    float rest = 0.0f;
    for (uint e = start + get_local_id(0) * VEC; e < end; e += LOCAL * VEC) {
        if (e + VEC <= end) {
            sum = loss_add(CONST_AT(y, e), CONST_AT(target, e), sum);
#ifdef GRADIENT
            AT(dy, e) = scale * loss_gradient(CONST_AT(y, e), CONST_AT(target, e));
#endif
        } else {
            for (uint t = e; t < end; ++t) {
                rest = LANE(loss_add((T)(y[t]), (T)(target[t]), (T)(rest)));
#ifdef GRADIENT
                dy[t] = scale * LANE(loss_gradient((T)(y[t]), (T)(target[t])));
#endif
            }
        }
    }
    float lanes[VEC];
    VSTORE(VEC)(sum, 0, lanes);
    for (uint i = 0; i < VEC; ++i) rest += lanes[i];
    const float total = group_sum(rest, shared);
    if (get_local_id(0) == 0) sums[sums_offset + GROUP_ID(0, LOCAL)] = total;
}

__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
loss_total(__global const float *sums, ulong sums_offset, __global float *losses, ulong losses_offset, uint chunks,
           float scale) {
    __local float shared[LOCAL];
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < chunks; i += LOCAL) sum += sums[sums_offset + i];
    const float total = group_sum(sum, shared);
    if (get_local_id(0) == 0) losses[losses_offset] = scale * total;
}
