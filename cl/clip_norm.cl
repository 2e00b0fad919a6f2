/* Gradients made no longer than a limit: sums of squares of chunks, the factor, and the gradients times that. */
#ifdef VEC
ELEMENTWISE void clip_norm_scale(__global float *g, ulong g_offset, __global const float *factor, ulong factor_offset,
                                 uint count) {
    const float by = factor[factor_offset];
    g += g_offset;
    uint e = FIRST_ELEMENT;
    for (uint j = 0; j < PER_ITEM; ++j, e += NEXT_ELEMENT) {
        if (e + VEC <= count) AT(g, e) *= by;
        else
            for (uint t = e; t < count; ++t) g[t] *= by;
    }
}
#else
#include "group_sum.cl"

__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
clip_norm_chunk(__global const float *g, ulong g_offset, __global float *sums, ulong sums_offset, uint count,
                uint chunk) {
    __local float shared[LOCAL];
    const uint start = GROUP_ID(0, LOCAL) * chunk, end = min(start + chunk, count);
    float sum = 0.0f;
    g += g_offset;
    for (uint e = start + get_local_id(0); e < end; e += LOCAL) sum = fma(g[e], g[e], sum);
    const float total = group_sum(sum, shared);
    if (get_local_id(0) == 0) sums[sums_offset + GROUP_ID(0, LOCAL)] = total;
}

__kernel __attribute__((reqd_work_group_size(LOCAL, 1, 1))) void
clip_norm_factor(__global const float *sums, ulong sums_offset, __global float *factor, ulong factor_offset,
                 uint chunks, float limit) {
    __local float shared[LOCAL];
    float sum = 0.0f;
    for (uint i = get_local_id(0); i < chunks; i += LOCAL) sum += sums[sums_offset + i];
    const float norm = sqrt(group_sum(sum, shared));
    if (get_local_id(0) == 0) factor[factor_offset] = norm > limit ? limit / norm : 1.0f;
}
#endif
