/* A loss (losses.def), summed in an order that depends on sizes alone: each work-group sums a chunk, and a last one the
 * chunks' sums; or of each image. -DVEC -DLOCAL -DLOSS_NUMBER; -DGRADIENT. */
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

/* sum + lost is more exact than a float: what rounding takes from the sum is kept beside it. */
#define ADD_EXACTLY(S, sum, lost, term) \
    do { \
        const S next = (term), new_sum = sum + next, added = new_sum - sum; \
        lost += (sum - (new_sum - added)) + (next - added); \
        sum = new_sum; \
    } while (0)

/* The loss of each image by itself, a work-group for each. */
__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
loss_images(__global const float *y, ulong y_offset, __global const float *target, ulong target_offset,
            __global float *images, ulong images_offset, uint elements, float factor) {
    __local float sums[LOCAL], losts[LOCAL];
    const uint item = get_local_id(0);
    const ulong first = (ulong)get_group_id(0) * elements;
    y += y_offset + first;
    target += target_offset + first;
    T vector_sum = 0.0f, vector_lost = 0.0f;
    for (uint e = item * VEC; e + VEC <= elements; e += LOCAL * VEC)
        ADD_EXACTLY(T, vector_sum, vector_lost, loss_add(VLOAD(VEC)(0, y + e), VLOAD(VEC)(0, target + e), (T)(0.0f)));
    float sum = 0.0f, lost = 0.0f, lanes[VEC], lost_lanes[VEC];
    VSTORE(VEC)(vector_sum, 0, lanes);
    VSTORE(VEC)(vector_lost, 0, lost_lanes);
    for (uint e = elements / VEC * VEC + item; e < elements; e += LOCAL)
        ADD_EXACTLY(float, sum, lost, LANE(loss_add((T)(y[e]), (T)(target[e]), (T)(0.0f))));
    for (uint i = 0; i < VEC; ++i) {
        ADD_EXACTLY(float, sum, lost, lanes[i]);
        lost += lost_lanes[i];
    }
    sums[item] = sum;
    losts[item] = lost;
    for (uint half_items = LOCAL / 2; half_items > 0; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) {
            ADD_EXACTLY(float, sum, lost, sums[item + half_items]);
            lost += losts[item + half_items];
            sums[item] = sum;
            losts[item] = lost;
        }
    }
    if (item == 0) images[images_offset + get_group_id(0)] = factor * (sum <= FLT_MAX ? sum + lost : sum);
}
