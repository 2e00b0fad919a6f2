/* samples.sass is this, compiled for sm_90 by clang 19, ptxas 13.0 and nvdisasm: what tests/gpu_model.py runs without them. */
kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void divide(global int *out, int n, int by) {
    int i = get_global_id(0);
    int a = (i - 50) * n;
    out[4 * i] = a / by;
    out[4 * i + 1] = a % by;
    out[4 * i + 2] = (uint)a / (uint)by;
    out[4 * i + 3] = (int)((ulong)(uint)a * 1000003 / (ulong)(by * 77));
}

/* Items of a warp that go on for different times, and meet again. */
kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void collatz(global int *out, int first) {
    int i = get_global_id(0), x = i + first, steps = 0;
    while (x != 1) {
        x = x % 2 ? 3 * x + 1 : x / 2;
        steps++;
    }
    out[i] = steps;
}

kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void products(global const float *a, global float *out, int count) {
    local float shared[64];
    float sum = 0;
    for (int k = 0; k < count; k++) {
        shared[get_local_id(0)] = a[k * 64 + get_local_id(0)];
        barrier(CLK_LOCAL_MEM_FENCE);
        #pragma unroll
        for (int j = 0; j < 16; j++) sum = fma(shared[j], shared[j + 16], sum);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    out[get_global_id(0)] = sum;
}
