/* The sum over the work-group, for its first item. */
inline float group_sum(float value, __local float *shared) {
#if LOCAL > 1
    const uint item = get_local_id(0);
    shared[item] = value;
    for (uint half_items = LOCAL / 2; half_items > 0; half_items /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (item < half_items) shared[item] += shared[item + half_items];
    }
    return item == 0 ? shared[0] : 0.0f;
#else
    return value;
#endif
}
